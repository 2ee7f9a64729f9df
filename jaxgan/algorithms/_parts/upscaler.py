"""A super-resolution net with its inputs, targets and measures."""

from dataclasses import dataclass
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.networks import apply_net
from jaxgan.core import Feature, Function
from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.metrics.fidelity import fidelity
from jaxgan.metrics.mean import Mean
from jaxgan.nets.super_resolution import check_scale
from jaxgan.ops import bicubic
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.ops.ycbcr import luma, to_rgb, to_ycbcr
from jaxgan.typing import Batch, Enlarged, Image, PRNGKey, Variables

Colour = Literal["rgb", "luma"]

_BICUBIC_REACH = 3
"""Reach of the bicubic enlargement to each side, in pixels of the input."""


@dataclass(frozen=True)
class Upscaler:
    """A generator G that enlarges the sides of images by ``scale``."""

    net: nn.Module
    colour: Colour = "rgb"
    """Channels that G maps. ``rgb``: all channels. ``luma``: Y of BT.601; chroma is enlarged
    bicubically, as in SRCNN and FSRCNN."""
    residual: bool = False
    """Residual learning: G's output is added to the bicubic enlargement."""

    @property
    def scale(self) -> int:
        """Side of the large image over side of the small one."""
        return self.net.scale  # pyright: ignore

    def check(self, image: Feature) -> None:
        """Raises InputError for images that G cannot be trained on."""
        if not hasattr(self.net, "scale"):
            raise InputError(
                f"algorithm.generator: {type(self.net).__name__} enlarges nothing: use EDSR,"
                " FSRCNN, SRResNet or WDSR"
            )
        check_scale(self.net)
        size, s = image.shape[0], self.scale
        if size % s:
            raise InputError(
                f"data.image_size: {size} is no multiple of the scale {s}; use {size // s * s or s}"
            )
        if image.shape[-1] == 4 or (self.colour == "luma" and image.shape[-1] == 1):
            raise InputError(
                f"data.channels: {image.shape[-1]} with colour {self.colour!r}; use 3"
                + ("" if self.colour == "luma" else " or 1")
            )

    def function(self, image: Feature) -> Function:
        """The function ``upscale``, for images of any size."""
        reach = getattr(self.net, "reach", None)
        reach = None if reach is None else max(reach, _BICUBIC_REACH)
        return Function(self.upscale, ("image",), image, scale=self.scale, reach=reach)

    def pairs(self, batch: Batch, key: PRNGKey | None = None) -> tuple[Image, Enlarged]:
        """Small and large images ``(x, y)`` in G's channels, in [-1, 1].

        Args:
          batch: large images y; x is their bicubic reduction, rounded to bytes as in a file.
          key: if given, each pair is turned by a random one of the eight symmetries of the square.
        """
        images = batch["image"] if key is None else turned(batch["image"], key)
        y = to_float(images)
        return self._seen(reduced(y, self.scale)), self._seen(y)

    def __call__(
        self, variables: Variables, x: Image, train: bool = True
    ) -> tuple[Enlarged, Variables]:
        """G(x) in G's channels, not clipped, and G's variables with new statistics."""
        y, variables = apply_net(self.net, variables, x, train=train)
        return (y + bicubic(x, self.scale) if self.residual else y), variables

    def upscale(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> Image:
        """The enlarged images, in the channels of the input."""
        del key
        x, own = inputs["image"], weights["generator"]
        if self.colour == "rgb":
            return jnp.clip(self(own, x, train=False)[0], -1.0, 1.0)
        y = self(own, self._seen(x), train=False)[0]
        chroma = bicubic(to_ycbcr(_levels(x))[..., 1:], self.scale)
        return _signed(jnp.clip(to_rgb(jnp.concatenate([_levels(y), chroma], -1)), 0.0, 255.0))

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows height width channels"]]:
        """The small image (pixels repeated), its bicubic enlargement, G's output, the original."""
        del key
        y = to_float(batch["image"])
        x = reduced(y, self.scale)
        pixels = x.repeat(self.scale, 1).repeat(self.scale, 2)
        enlarged = jnp.clip(bicubic(x, self.scale), -1.0, 1.0)
        made = self.upscale(weights, {"image": x})
        return {"low": pixels, "bicubic": enlarged, "upscaled": made, "original": y}

    def measure(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Mean]:
        """PSNR and SSIM of G and of bicubic enlargement: see :func:`fidelity`."""
        del key
        y = to_float(batch["image"])
        x = reduced(y, self.scale)
        made = to_uint8(self.upscale(weights, {"image": x}))
        values = fidelity(made, batch["image"], self.scale)
        enlarged = fidelity(to_uint8(bicubic(x, self.scale)), batch["image"], self.scale)
        values |= {f"bicubic_{name}": value for name, value in enlarged.items()}
        return {name: Mean.create().update(own) for name, own in values.items()}

    def _seen(self, images: Image) -> Float[Array, "batch height width seen"]:
        """Images in G's channels: unchanged, or their luma."""
        return images if self.colour == "rgb" else _signed(luma(_levels(images)))


def reduced(images: Image, scale: int) -> Enlarged:
    """The bicubic reduction of images in [-1, 1], rounded to bytes and back."""
    return to_float(to_uint8(bicubic(images, 1 / scale)))


def turned(images: Array, key: PRNGKey) -> Array:
    """Square images, each turned by a random one of the eight symmetries of the square."""

    def flips(key: PRNGKey, shape: tuple[int, ...]) -> Array:
        return jax.random.bernoulli(key, shape=shape)

    choice = draw(flips, key, (images.shape[0], 3))
    for i, other in enumerate((lambda x: x.swapaxes(1, 2), lambda x: x[:, ::-1], _mirrored)):
        images = jnp.where(choice[:, i].reshape(-1, 1, 1, 1), other(images), images)
    return images


def _mirrored(images: Array) -> Array:
    return images[:, :, ::-1]


def _levels(images: Image) -> Image:
    """From [-1, 1] to [0, 255]."""
    return (images + 1.0) * 127.5


def _signed(levels: Image) -> Image:
    """From [0, 255] to [-1, 1]."""
    return levels / 127.5 - 1.0
