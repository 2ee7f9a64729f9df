"""DiffAugment (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training").

Every image that a discriminator sees, real or drawn, is transformed at random; G learns through the
transforms.
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
"""Folded into keys: a key that draws noise of the same images serves here too."""


@dataclass(frozen=True, kw_only=True)
class DiffAugment:
    """Random transforms of the images that a discriminator sees; by default none."""

    policy: tuple[Policy, ...] = ()
    """Transforms, in this order whatever theirs is here: ``colour`` (brightness, saturation and
    contrast), ``translation``, ``cutout``. The paper has all three for few data."""
    translation: float = 0.125
    """Largest shift over the side of an image; zeros (grey) come in from beyond the edge."""
    cutout: float = 0.5
    """Side of the window that is set to 0, over that of the image."""

    def __bool__(self) -> bool:
        """Whether there is any transform."""
        return bool(self.policy)

    def __call__(self, images: Examples, key: PRNGKey) -> Examples:
        """The images, each transformed at random on its own: (n, h, w, c)."""
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
        """Raises InputError for a share out of range, and for examples that are no images."""
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
    """Brightness, then saturation, then contrast, an image on its own.

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
    """Shifted by whole pixels, at most ``share`` of a side either way, all as likely."""
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
    """0 in a window of ``share`` of a side, whose middle is uniform over the image's pixels."""
    n, *sides = images.shape[:3]
    inside = []
    for side, k in zip(sides, jax.random.split(key), strict=True):
        size = int(share * side + 0.5)
        middle = draw(partial(jax.random.randint, minval=0, maxval=side + 1 - size % 2), k, (n,))
        away = jnp.arange(side)[None] - (middle - size // 2)[:, None]
        inside.append((away >= 0) & (away < size))
    window = inside[0][:, :, None] & inside[1][:, None, :]
    return images * ~window[..., None]
