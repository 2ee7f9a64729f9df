"""The feature that a GAN learns to draw: images, or points where the data has those."""

import jax

from jaxgan.algorithms._parts.needs import needs
from jaxgan.core import Feature, Spec
from jaxgan.core.sharding import AXIS, mapped
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Examples


def drawn(spec: Spec) -> Feature:
    """``point`` of data that has points, else ``image``.

    Raises:
      InputError: the data has neither.
    """
    return needs(spec, "point" if "point" in spec.features else "image")[0]


def real_of(batch: Batch) -> Examples:
    """The real examples of a batch as networks see them: images in [-1, 1], or points."""
    return batch["point"] if "point" in batch else to_float(batch["image"])


def size_of(batch: Batch) -> int:
    """The number of examples in a batch."""
    return batch["point" if "point" in batch else "image"].shape[0]


def global_size(batch: Batch) -> int:
    """Number of examples in the whole batch, of which each device's own program has a part."""
    return size_of(batch) * (jax.lax.axis_size(AXIS) if mapped() else 1)
