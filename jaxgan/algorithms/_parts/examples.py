"""The feature that a GAN learns to generate: points if the data has them, else images."""

import jax

from jaxgan.algorithms._parts.needs import needs
from jaxgan.core import Feature, Spec
from jaxgan.core.sharding import AXIS, mapped
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Examples


def generated_feature(spec: Spec) -> Feature:
    """The feature ``point`` if the data has points, else ``image``.

    Raises:
      InputError: the data has neither.
    """
    return needs(spec, "point" if "point" in spec.features else "image")[0]


def real_of(batch: Batch) -> Examples:
    """The real examples of a batch as input of a net: images in [-1, 1], or points."""
    return batch["point"] if "point" in batch else to_float(batch["image"])


def size_of(batch: Batch) -> int:
    """The number of examples in a batch."""
    return batch["point" if "point" in batch else "image"].shape[0]


def global_size(batch: Batch) -> int:
    """Number of examples in the global batch, also in a program that sees one device's part."""
    return size_of(batch) * (jax.lax.axis_size(AXIS) if mapped() else 1)
