"""NumPy archives with ``images`` (n, height, width[, channels]) and optional ``labels`` (n,)."""

from pathlib import Path

import numpy as np

from jaxgan.data.examples import Source, from_images
from jaxgan.data.images.decode import to_bytes
from jaxgan.errors import InputError, first_line


def open_npz(path: str) -> Source:
    """The images of an ``.npz`` file, all in memory.

    Images are uint8, or uint16, which is scaled to 8 bits. Nothing is unpickled.

    Raises:
      InputError: the file cannot be read, or its arrays have the wrong name, type or shape.
    """
    arrays = _load(Path(path).expanduser())
    if "images" not in arrays:
        has = ", ".join(sorted(arrays)) or "nothing"
        raise InputError(f"data.source: {path} has no array named images; it has {has}")
    images = arrays["images"]
    if images.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"data.source: images in {path} are {images.dtype}: store uint8 (0 to 255) or uint16"
        )
    if images.ndim not in (3, 4):
        raise InputError(
            f"data.source: images in {path} have shape {images.shape}: "
            "store (n, height, width) or (n, height, width, channels)"
        )
    images = images[..., None] if images.ndim == 3 else images
    return from_images(f"npz:{path}", to_bytes(images), arrays.get("labels"))


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise InputError(f"data.source: there is no file {path}")
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.ndarray):
                wanted = {"images", "labels"} & set(archive.files) or archive.files
                return {name: np.asanyarray(archive[name]) for name in wanted}
    except Exception as error:  # zipfile and NumPy raise almost any exception on damaged bytes.
        reason = first_line(error)
        if "llow_pickle" in reason:
            reason = "it is damaged, or holds Python objects, which are never loaded"
        raise InputError(f"data.source: cannot read {path}: {reason}") from None
    raise InputError(f"data.source: {path} is one array: save it with np.savez")
