"""Statistics of reference images, cached by a hash of their inputs or in pytorch-fid's files."""

import functools
import hashlib
import json
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

from jaxgan.errors import InputError, first_line
from jaxgan.measure.collecting import COMPARED, Collector, Needs, Statistics
from jaxgan.measure.features import Features
from jaxgan.measure.sets import ImageSet
from jaxgan.system import processes
from jaxgan.system.files import cache_directory, write_whole

_VERSION = 1
"""Version of the cached statistics; other versions are computed again."""


def reference(
    images: ImageSet,
    needs: Needs,
    features: Features | None,
    collect: Collector,
    cache: bool = True,
) -> Statistics:
    """The statistics of the reference, from the cache, or collected and then cached.

    The cache is in ``~/.cache/jaxgan/statistics``, under a hash of the images' content, the
    network's weights and the resizer.

    Args:
      images: the reference.
      needs: the statistics that are needed.
      features: the feature network.
      collect: collector of the statistics.
      cache: whether to read and write the cache.
    """
    digest = images.digest() if cache else None
    if digest is None or (features and not features.sha256):  # the user's function may change
        return collect(images)
    folder = cache_directory() / "statistics" / _key(digest, features)
    kept = _read(folder, needs)
    if not processes.agree(int(kept is None)) and kept is not None:
        return kept
    found = collect(images)
    if found.size == images.size:
        _keep(folder, found)
    return found


def _key(digest: str, features: Features | None) -> str:
    network = [features.name, features.sha256] if features else None
    return hashlib.sha256(json.dumps([_VERSION, digest, network, COMPARED]).encode()).hexdigest()


def _read(folder: Path, needs: Needs) -> Statistics | None:
    """The cached statistics; None if some are missing or damaged."""
    parts, size = {}, None
    for name in [name for name, needed in needs._asdict().items() if needed]:
        path = folder / f"{name}.npz"
        if not path.is_file():
            return None
        try:
            arrays = _arrays(path)
            size, parts[name] = int(arrays["n"]), arrays.get("rows")
            if name == "moments":
                parts[name] = arrays["mu"], arrays["sigma"]
        except (InputError, KeyError) as error:
            warnings.warn(f"{error}; it is made anew", stacklevel=2)
            return None
    return Statistics(size=size, **parts)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz file.

    Raises:
      InputError: the file is damaged or is no .npz file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"reference: cannot read {path}: {first_line(error)}") from None


def _keep(folder: Path, found: Statistics) -> None:
    parts = {name: {"rows": getattr(found, name)} for name in ("rows", "pixels")}
    if found.moments:
        parts["moments"] = dict(zip(("mu", "sigma"), found.moments, strict=True))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, arrays in parts.items():
            if any(array is not None for array in arrays.values()):
                write = functools.partial(np.savez, n=np.array(found.size), **arrays)
                write_whole(folder / f"{name}.npz", write)
    except OSError as error:
        warnings.warn(f"the reference's statistics were not kept: {error}", stacklevel=2)


def moments_file(reference: str | None) -> Path | None:
    """The pytorch-fid file that a reference names; None if it names a source of images."""
    if reference is None or not reference.endswith(".npz") or ":" in reference:
        return None
    return Path(reference)


def read_moments(path: Path) -> Statistics:
    """The moments in a pytorch-fid file, ``mu`` (d,) and ``sigma`` (d, d).

    Raises:
      InputError: the file holds something else.
    """
    arrays = _arrays(path)
    if not {"mu", "sigma"} <= arrays.keys():
        raise InputError(
            f"reference: {path} has no mu and sigma; name a file of images as npz:{path}"
        )
    mean, covariance = (arrays[name].astype(np.float64) for name in ("mu", "sigma"))
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise InputError(
            f"reference: mu {mean.shape} and sigma {covariance.shape} of {path} do not go together"
        )
    return Statistics(moments=(mean, covariance))


def write_moments(path: Path, statistics: Statistics) -> None:
    """Writes the moments in pytorch-fid's format.

    Raises:
      InputError: the file cannot be written.
    """
    mean, covariance = statistics.moments
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, functools.partial(np.savez_compressed, mu=mean, sigma=covariance))
    except OSError as error:
        raise InputError(f"save_statistics: {path} cannot be written: {error}") from None
