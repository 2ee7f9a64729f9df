"""Applies a function that maps (see :class:`Function`) to batches and to images of any size."""

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.core import Feature, Function
from jaxgan.core.sharding import sharded
from jaxgan.data.examples import Pixels
from jaxgan.data.images.resize import prepared, to_channels
from jaxgan.errors import InputError, did_you_mean
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.run.tiles import Canvas, Place, Tiling, tiling
from jaxgan.system.devices import Devices

Name = TypeVar("Name", bound=Hashable)

BATCH = 8
"""Images per call of the function."""

ROWS = 256
"""Rows per call of a function of arrays."""


def choose(functions: Mapping[str, Function], name: str | None = None) -> str:
    """The name of a function that maps; by default the only one.

    Raises:
      InputError: the run has no such function, or has several and no name is given.
    """
    maps = [key for key, function in functions.items() if not function.draws]
    has = " and ".join(functions) or "no functions"
    if not maps:
        raise InputError(f"run: it maps nothing; it has {has}: use python -m jaxgan.sample")
    if name is None and len(maps) > 1:
        raise InputError(f"function: this run has {' and '.join(maps)}: name one of them")
    if name is not None and name not in functions:
        raise InputError(
            f"function: this run has no {name}; {did_you_mean(name, maps)}it has"
            f" {' and '.join(maps)}"
        )
    if name is not None and name not in maps:
        raise InputError(
            f"function: {name} draws and takes no inputs; use {' or '.join(maps)}, or"
            " python -m jaxgan.sample"
        )
    return name or maps[0]


def padded_size(size: tuple[int, ...], multiple: int) -> tuple[int, ...]:
    """Each side, rounded up to a multiple of ``multiple``."""
    return tuple(-(-side // multiple) * multiple for side in size)


class _Piece(NamedTuple):
    """A tile of an image, as input of the function."""

    name: Any
    image: Pixels
    canvas: Canvas
    place: Place
    pixels: Pixels


class Mapper:
    """A function that maps, compiled on all of this process's devices."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        features: Mapping[str, Feature],
        weights: Any,
        name: str | None = None,
        tile: int | None = None,
    ):
        """Compiles nothing yet.

        Args:
          functions: the run's functions by name.
          features: the features of the data.
          weights: the weights that the functions take.
          name: name of the function; None: the only one that maps, see :func:`choose`.
          tile: side in pixels of the tiles of larger images, see :func:`jaxgan.run.tiles.tiling`.
        """
        self.name = choose(functions, name)
        self.function = functions[self.name]
        self.feature = {**features, **self.function.features}[self.function.takes[0]]
        self._check_takes()
        self._tiles = self._tiling(tile)
        self._devices = Devices(local=True)
        self._weights = self._devices.everywhere(weights)
        self._compiled = self._devices.jit(self._outputs)

    def _check_takes(self) -> None:
        takes = self.function.takes
        if len(takes) > 1 or self.feature.kind not in ("image", "array"):
            raise InputError(
                f"function: {self.name} takes {' and '.join(takes)}, and only functions of one"
                " image or array can be applied here; call it in Python"
            )

    def _tiling(self, side: int | None) -> Tiling | None:
        if self.own_size:
            return tiling(self.function, side)
        if side:
            raise InputError(
                f"tile: {side}, and {self.name} takes images of one size; leave it out"
            )
        return None

    @property
    def own_size(self) -> bool:
        """Whether images keep their size; otherwise they are resized to the run's image size."""
        return self.function.gives.kind in ("image", "mask") and self.function.multiple > 0

    def size(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The (height, width) of the function's input for an image of (height, width) ``shape``.

        For an image that is cut into tiles it is the size of a tile.
        """
        size = self._padded_size(shape)
        return tuple(min(side, self._tiles.side) for side in size) if self._tiles else size

    def _padded_size(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if not self.own_size:
            return self.feature.shape[:2]
        return padded_size(shape, self.function.multiple)

    def _outputs(self, weights: Any, inputs: jax.Array) -> jax.Array:
        inputs = sharded(inputs)
        floats = to_float(inputs) if self.feature.kind == "image" else inputs
        given = {self.function.takes[0]: floats}
        outputs = self.function.apply(weights, given, jax.random.key(0))
        kind = self.function.gives.kind
        if kind == "image":
            return to_uint8(outputs)
        return outputs.astype(jnp.uint8) if kind == "mask" and outputs.ndim == 3 else outputs

    def _call(self, inputs: np.ndarray, batch: int) -> np.ndarray:
        """The outputs of at most ``batch`` inputs.

        The batch is padded to ``batch``, so that nothing compiles again, and to a multiple of the
        number of devices.
        """
        n, size = len(inputs), batch + -batch % self._devices.mesh.size
        filled = np.concatenate([inputs, inputs[-1:].repeat(size - n, axis=0)])
        return np.asarray(self._compiled(self._weights, filled))[:n]

    def rows(self, inputs: np.ndarray, batch: int = ROWS) -> np.ndarray:
        """The outputs for arrays that are already standardised as in training.

        Raises:
          InputError: there are no inputs, or their shape is not the run's.
        """
        if inputs.shape[1:] != self.feature.shape or not len(inputs):
            raise InputError(
                f"in: {len(inputs)} inputs of shape {inputs.shape[1:]}; {self.name} needs one or"
                f" more of shape {self.feature.shape}"
            )
        size = min(batch, len(inputs))
        parts = [inputs[i : i + size] for i in range(0, len(inputs), size)]
        return np.concatenate([self._call(part.astype(np.float32), size) for part in parts])

    def stream(
        self,
        named: Iterable[tuple[Name, Pixels]],
        batch: int = BATCH,
        starting: Callable[[tuple[int, ...]], None] = lambda size: None,
    ) -> Iterator[tuple[Name, Pixels, np.ndarray]]:
        """The outputs for a stream of images; holds one batch at a time.

        An image is padded by reflection at the right and bottom to the next size that the function
        takes, and cut into tiles if it is large; the output is cropped. Consecutive images of one
        size share a batch, so the stream is best ordered by size. Each size compiles once.

        Args:
          named: names and images.
          batch: images per call.
          starting: called with each size (height, width) before its first images.

        Yields:
          The name, the image as the function receives it but without padding, and its output, in
          the order of ``named``.
        """
        given = ((name, self._given(image)) for name, image in named)
        for size, group in itertools.groupby(given, lambda item: self.size(item[1].shape[:2])):
            full = 0
            starting(size)
            pieces = (piece for name, image in group for piece in self._pieces(name, image))
            while chunk := list(itertools.islice(pieces, batch)):
                full = full or len(chunk)
                outputs = self._call(np.stack([piece.pixels for piece in chunk]), full)
                for piece, output in zip(chunk, outputs, strict=True):
                    whole = piece.canvas.add(piece.place, np.asarray(output))
                    if whole is not None:
                        yield piece.name, piece.image, self._finished(whole, piece.image.shape)

    def _pieces(self, name: Any, image: Pixels) -> Iterator["_Piece"]:
        """The tiles of an image, or the whole one."""
        padded = _padded(image, self._padded_size(image.shape[:2]))
        tiles = self._tiles or Tiling(max(padded.shape[:2]), 0, 1)
        canvas = Canvas(tiles, padded, self.function.scale)
        for place, pixels in canvas.tiles():
            yield _Piece(name, image, canvas, place, pixels)

    def images(self, images: Sequence[Pixels], batch: int = BATCH) -> list[np.ndarray]:
        """The output of every image, in order; see :meth:`stream`."""
        order = sorted(range(len(images)), key=lambda i: self.size(images[i].shape[:2]))
        named = ((i, images[i]) for i in order)
        outputs = {i: output for i, _, output in self.stream(named, batch)}
        return [outputs[i] for i in range(len(images))]

    def _given(self, image: Pixels) -> Pixels:
        """The image with the run's channels; resized to the run's size unless it keeps its own."""
        side, channels = self.feature.shape[0], self.feature.shape[-1]
        if self.own_size:
            return to_channels(image, channels)
        return prepared(image[None], side, 0, channels)[0]

    def _finished(self, output: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """An output without padding; class probabilities of a mask become the most likely class."""
        if self.own_size:
            height, width = (side * self.function.scale for side in shape[:2])
            output = output[:height, :width]
        if self.function.gives.kind == "mask" and output.ndim == 3:
            return output.argmax(-1).astype(np.uint8)
        return output


def _padded(image: Pixels, size: tuple[int, ...]) -> Pixels:
    below, right = size[0] - image.shape[0], size[1] - image.shape[1]
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode="reflect")
