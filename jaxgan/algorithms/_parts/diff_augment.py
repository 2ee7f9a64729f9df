"""DiffAugment (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training").

Every image that D sees, real or generated, is transformed at random. The transforms are
differentiable, so G learns through them.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp

from jaxgan.core import Feature
from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.ops import warp
from jaxgan.typing import Examples, Image, PRNGKey

Policy = Literal["colour", "translation", "cutout"]

_STREAM = 0xD1FF
"""Constant folded into keys, as the same key may already have drawn noise for the images."""


@dataclass(frozen=True, kw_only=True)
class DiffAugment:
    """Random transforms of the images that D sees; none by default."""

    policy: tuple[Policy, ...] = ()
    """Transforms, always applied in this order: ``colour`` (brightness, saturation and contrast),
    ``translation``, ``cutout``. The paper uses all three for small data sets."""
    translation: float = 0.125
    """Largest shift as a fraction of the image side; the gap is filled with 0 (grey)."""
    cutout: float = 0.5
    """Side of the window that is set to 0, as a fraction of the image side."""

    def __bool__(self) -> bool:
        """Whether there is any transform."""
        return bool(self.policy)

    def __call__(self, images: Examples, key: PRNGKey) -> Examples:
        """Transforms each image (n, h, w, c) independently at random."""
        if not self:
            return images
        keys = jax.random.split(jax.random.fold_in(key, _STREAM), 3)
        if "colour" in self.policy:
            images = recoloured(images, keys[0])
        if "translation" in self.policy:
            images = translated(images, self.translation, keys[1])
        if "cutout" in self.policy:
            images = cut(images, self.cutout, keys[2])
        return images

    def check(self, example: Feature) -> None:
        """Raises InputError for a field out of range, or examples that are not images."""
        for name in ("translation", "cutout"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(
                    f"algorithm.augment.{name}: {getattr(self, name)} is not in [0, 1]"
                )
        if self and example.kind != "image":
            raise InputError(
                f"algorithm.augment.policy: {' '.join(self.policy)} transforms images, and this"
                " data has points; leave it empty"
            )


def recoloured(images: Image, key: PRNGKey) -> Image:
    """Random brightness, then saturation, then contrast, independent for each image.

    x + b with b ~ U(-1/2, 1/2); m + s (x - m) with s ~ U(0, 2) and the mean m of a pixel's
    channels; m + c (x - m) with c ~ U(1/2, 3/2) and the mean m of the image.
    """
    shape = (images.shape[0], 1, 1, 1)
    b, s, c = (draw(jax.random.uniform, k, shape) for k in jax.random.split(key, 3))
    x = images + b - 0.5
    grey = x.mean(3, keepdims=True)
    x = grey + 2 * s * (x - grey)
    mean = x.mean((1, 2, 3), keepdims=True)
    return mean + (0.5 + c) * (x - mean)


def translated(images: Image, share: float, key: PRNGKey) -> Image:
    """Uniform random shifts by whole pixels, at most ``share`` of a side in each direction."""
    n, *sides = images.shape[:3]
    limits = [int(share * side + 0.5) for side in sides]
    y, x = (
        draw(partial(jax.random.randint, minval=-m, maxval=m + 1), k, (n,))
        for m, k in zip(limits, jax.random.split(key), strict=True)
    )
    padded = jnp.pad(images, ((0, 0), *((m, m) for m in limits), (0, 0)))
    moved = warp.moved(padded, warp.translation(-x.astype(jnp.float32), -y.astype(jnp.float32)))
    (my, mx), (height, width) = limits, sides
    return moved[:, my : my + height, mx : mx + width]


def cut(images: Image, share: float, key: PRNGKey) -> Image:
    """Sets a square window to 0: its side is ``share`` of the image's, its centre is uniform."""
    n, *sides = images.shape[:3]
    inside = []
    for side, k in zip(sides, jax.random.split(key), strict=True):
        size = int(share * side + 0.5)
        middle = draw(partial(jax.random.randint, minval=0, maxval=side + 1 - size % 2), k, (n,))
        away = jnp.arange(side)[None] - (middle - size // 2)[:, None]
        inside.append((away >= 0) & (away < size))
    window = inside[0][:, :, None] & inside[1][:, None, :]
    return images * ~window[..., None]
