"""One pass over a set of images: each process collects features, which are joined at the end."""

import functools
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.experimental import multihost_utils
from tqdm import tqdm

from jaxgan.data.images.resize import to_channels
from jaxgan.errors import InputError
from jaxgan.measure.features import Features, outputs_of
from jaxgan.measure.sets import ImageSet, Indexed
from jaxgan.metrics import ClassScores, Moments, Rows, torch_fidelity_order
from jaxgan.metrics.sliced_wasserstein import pyramid_levels
from jaxgan.system import processes
from jaxgan.system.devices import Devices
from jaxgan.typing import Variables

SPLITS = 10
"""Number of splits of the Inception score."""
SEED = 2020
"""Seed of the Inception score's order and of the kernel distance's subsets, as in
torch-fidelity."""
COMPARED = 16_384
"""Largest number of images whose pixels are kept for the sliced Wasserstein distance."""


class UnmeasurableError(InputError):
    """Some metrics cannot be computed; others may."""

    def __init__(self, message: str, *metrics: str):
        """Takes the error line and the short names of the metrics that cannot be computed."""
        super().__init__(message)
        self.metrics = metrics


class Needs(NamedTuple):
    """The statistics of a set of images that metrics need."""

    moments: bool = False
    rows: bool = False
    score: bool = False
    pixels: bool = False


class Statistics(NamedTuple):
    """Statistics of a set of images, on the host; None if they are not needed."""

    size: int | None = None
    """Number of images; None if only their moments were given."""
    moments: Any = None
    """Mean (d,) and covariance (d, d) of the features."""
    rows: Any = None
    """Features (n, d)."""
    score: Any = None
    """Inception score: mean and standard deviation over the splits."""
    pixels: Any = None
    """The first images, uint8 (n, h, w, c)."""


class Collected(struct.PyTreeNode):
    """Accumulators of the statistics that are needed; None for the others."""

    moments: Moments | None = None
    rows: Rows | None = None
    score: ClassScores | None = None
    pixels: Rows | None = None

    def merge(self, other: "Collected") -> "Collected":
        """The merged accumulators of two parts of a set."""
        parts = {}
        for name in Needs._fields:
            mine = getattr(self, name)
            parts[name] = None if mine is None else mine.merge(getattr(other, name))
        return Collected(**parts)

    def update(self, images: jax.Array, outputs: dict[str, Any], index: jax.Array) -> "Collected":
        """Adds images and the network's outputs for them at places ``index``; -1 is padding."""
        found: Any = outputs.get("features")
        logits: Any = outputs.get("logits")
        weight = (index >= 0).astype(jnp.float32)
        return Collected(
            moments=self.moments and self.moments.update(found, weight),
            rows=self.rows and self.rows.update(found, index),
            score=self.score and self.score.update(logits, index),
            pixels=self.pixels and self.pixels.update(images, index),
        )


class Collector:
    """Collects statistics of sets of images; its program compiles once per image size.

    Up to rounding, the result does not depend on batches, devices or processes.
    """

    def __init__(
        self,
        needs: Needs,
        features: Features | None,
        batch_size: int | None = None,
        devices: Devices | None = None,
    ):
        """Prepares the devices.

        Args:
          needs: the statistics that are needed.
          features: the feature network; None if only pixels are needed.
          batch_size: images per call on the devices; None: as many as fill them.
          devices: devices to use; all of this process by default.
        """
        self._needs, self._features = needs, features
        self._devices = devices or Devices(local=True)
        size = batch_size or default_batch_size(self._devices)
        self._size = size + -size % self._devices.mesh.size
        self._variables = self._devices.everywhere(features.variables if features else {})
        self._step = self._devices.jit(
            self._update, donate_argnums=0, out_shardings=self._devices.replicated
        )

    def __call__(self, images: ImageSet, leave: bool = True) -> Statistics:
        """One pass over a set; with several processes, each takes a part of it.

        Args:
          images: the set.
          leave: whether the progress bar stays when it is full.

        Raises:
          InputError: there are too few images, or their sizes differ while pixels are compared.
        """
        if images.size < 2:
            raise InputError(f"n: {images.size} image of {images.name}: statistics need two")
        process, processes = jax.process_index(), jax.process_count()
        devices = self._devices
        empty, traced = _empty(images, self._needs, self._features)
        state = devices.everywhere(empty)
        with tqdm(
            images.of_process(process, processes),
            desc=images.name,
            total=-(-images.size // processes),
            unit="images",
            disable=process > 0,
            leave=leave,
        ) as bar:
            batches = in_batches(iter(bar), self._size, self._features, whole=self._needs.pixels)
            for batch, index in batches:
                found = self._features({}, batch) if self._features and not traced else {}
                feed = jax.device_put((batch, found), devices.split(0))
                placed = jax.device_put(index, devices.replicated)
                state = self._step(state, self._variables, *feed, placed)
        return _statistics(joined(state), images)

    def _update(
        self, state: Collected, variables: Variables, images: Any, found: Any, index: jax.Array
    ) -> Collected:
        """Adds a batch; if JAX cannot trace the features, ``found`` are their outputs."""
        if self._features and not found:
            found = self._features(variables, images)
        return state.update(images, found, index)


def _statistics(state: Collected, images: ImageSet) -> Statistics:
    parts = {name: getattr(state, name) for name in Needs._fields}
    computed = {name: part and part.compute() for name, part in parts.items()}
    missing = images.missing(jax.process_index(), jax.process_count())
    return Statistics(size=images.size - processes.total(missing), **computed)


def default_batch_size(devices: Devices) -> int:
    """The number of images that fill this process's devices: 256 per accelerator, 32 on a CPU."""
    return (32 if jax.default_backend() == "cpu" else 256) * devices.mesh.size


def in_batches(
    stream: Iterator[Indexed], size: int, features: Features | None, whole: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of one size: bytes, or floats at the network's size if image sizes differ.

    Args:
      stream: places and images.
      size: images per batch; the last batch is padded, with place -1.
      features: the network; images of different sizes are resized for it, on the host.
      whole: whether pixels are compared, so that images may not differ in size.

    Raises:
      InputError: the images differ in size and may not.
    """
    shape = None
    while batch := list(itertools.islice(stream, size)):
        places, images = zip(*batch, strict=True)
        shape = shape or images[0].shape
        if any(image.shape != shape for image in images):
            if whole or not (features and features.side):
                alone = whole and jax.process_count() == 1  # other processes could not restart too
                raise UnmeasurableError(
                    f"images: not all are of {shape[1]}x{shape[0]} pixels and {shape[2]} channels,"
                    " and nothing resizes them here; make them alike, or leave out swd",
                    *(["swd"] if alone else []),
                )
            images = [
                features.resize(to_channels(image, 3)[None], features.side)[0] for image in images
            ]
        missing = size - len(images)
        stacked = np.stack(images)
        filled = np.pad(stacked, ((0, missing), *((0, 0),) * 3))
        yield filled, np.pad(np.array(places, np.int32), (0, missing), constant_values=-1)


def by_process(tree: Any) -> list[Any]:
    """The trees of all processes, on the host; all have the same structure and shapes."""
    tree = jax.device_get(tree)
    if jax.process_count() == 1:
        return [tree]
    leaves, structure = jax.tree.flatten(multihost_utils.process_allgather(tree))
    return [structure.unflatten(own) for own in zip(*leaves, strict=True)]


def joined(state: Collected) -> Collected:
    """The merged parts of all processes, on the host."""
    return jax.device_get(functools.reduce(Collected.merge, by_process(state)))


def _empty(images: ImageSet, needs: Needs, features: Features | None) -> tuple[Collected, bool]:
    """Empty accumulators for a set of images, and whether JAX can trace the features."""
    first = next(images.images(range(images.size)), None)
    if first is None:
        raise InputError(f"images: none of the {images.size} in {images.name} can be read")
    n, shape = images.size, first[1].shape
    if needs.pixels:
        try:
            pyramid_levels(*shape[:2])
        except InputError as error:
            raise UnmeasurableError(str(error), "swd") from None
    found, traced = outputs_of(features, shape) if features else ({}, True)
    if needs.score and "logits" not in found:
        raise UnmeasurableError(
            "metrics: is needs a network that classifies; use other features", "is"
        )
    order = torch_fidelity_order(n, SEED)
    width = {name: output.shape[1] for name, output in found.items()}
    empty = Collected(
        moments=Moments.create(width["features"]) if needs.moments else None,
        rows=Rows.create(n, width["features"]) if needs.rows else None,
        score=ClassScores.create(n, SPLITS, width["logits"], order) if needs.score else None,
        pixels=Rows.create(min(n, COMPARED), *shape, dtype=jnp.uint8) if needs.pixels else None,
    )
    return empty, traced
