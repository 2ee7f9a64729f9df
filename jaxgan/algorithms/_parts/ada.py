"""ADA's augmentations: every image that D sees is transformed at random.

Karras et al. 2020, "Training generative adversarial networks with limited data", appendix B. Each
transform is applied to each image with probability p. As long as p < 1, the generator gains nothing
by generating transformed images. The transforms are differentiable, so G learns through them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.needs import check_above
from jaxgan.core import Feature
from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.ops import corrupt, recolour, warp
from jaxgan.typing import Image, PRNGKey

TransformName = Literal["blit", "geometric", "colour", "filter", "noise", "cutout"]

_POWER = tuple(part / 13 for part in (10, 1, 1, 1))
"""Expected power of the four bands of natural images, 1/f."""


@dataclass(frozen=True, kw_only=True)
class ADA:
    """Adaptive discriminator augmentation: its transforms, and the control of their probability."""

    transforms: tuple[TransformName, ...] = ("blit", "geometric", "colour")
    """Groups of transforms, always applied in this order: ``blit`` (flips, quarter turns, shifts by
    whole pixels), ``geometric`` (scaling, rotation, fractional shifts), ``colour`` (brightness,
    contrast, luma flip, hue, saturation), ``filter`` (frequency bands), ``noise``, ``cutout``."""
    p: float = 0.0
    """Probability of each transform at the first step."""
    target: float | None = 0.6
    """Target of r_t = E[sign(D(x))] over reals, by which p is adjusted; None: p is constant."""
    kimg: float = 500.0
    """Thousands of images in which p can go from 0 to 1."""
    every: int = 4
    """Updates of D between adjustments of p."""
    whole_shift: float = 0.125
    """Largest shift by whole pixels, as a fraction of the image side."""
    isotropic: float = 0.2
    """Standard deviation of the log2 of the isotropic scaling factor."""
    rotation: float = 1.0
    """Largest rotation angle, in units of pi."""
    anisotropic: float = 0.2
    """Standard deviation of the log2 of the anisotropic scaling factor: one axis is scaled by it,
    the other by its inverse."""
    shift: float = 0.125
    """Standard deviation of the fractional shift, as a fraction of the image side."""
    brightness: float = 0.2
    """Standard deviation of the offset added to all colours, which are in [-1, 1]."""
    contrast: float = 0.5
    """Standard deviation of the log2 of the contrast factor."""
    hue: float = 1.0
    """Largest rotation of colours about the grey axis, in units of pi."""
    saturation: float = 1.0
    """Standard deviation of the log2 of the saturation factor."""
    gains: float = 1.0
    """Standard deviation of the log2 of a band's gain, before the power is normalized."""
    sigma: float = 0.1
    """Scale of the half-normal distribution of the noise's standard deviation."""
    window: float = 0.5
    """Side of the cutout window, as a fraction of the image side."""

    def __bool__(self) -> bool:
        """Whether there is any transform."""
        return bool(self.transforms)

    def __call__(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        """Transforms each image independently at random.

        Args:
          images: (n, h, w, c).
          p: probability of each transform.
          key: the key of all random numbers.
        """
        groups: dict[str, Callable[..., Image]] = {
            "blit": self._blit,
            "geometric": self._move,
            "colour": self._recolour,
            "filter": self._amplify,
            "noise": self._add_noise,
            "cutout": self._cut_out,
        }
        for i, (name, group) in enumerate(groups.items()):
            if name in self.transforms:
                images = group(images, p, jax.random.fold_in(key, i))
        return images

    def blits(
        self, n: int, sides: tuple[int, int], p: Array | float, key: PRNGKey
    ) -> warp.Matrices:
        """M^-1 for n random flips in x, quarter turns and shifts by whole pixels.

        Args:
          n: the number of matrices.
          sides: (height, width) of the images.
          p: probability of each of the three.
          key: the key of all random numbers.
        """
        k_flip, k_turn, k_shift = jax.random.split(key, 3)
        flip = sometimes(k_flip, p, (n,), _coin, 0.0)
        turns = sometimes(k_turn, p, (n,), _quarters, 0.0)
        share = sometimes(k_shift, p, (n, 2), _between(self.whole_shift), 0.0)
        inverse = warp.scaling(1 - 2 * flip, jnp.ones(n)) @ warp.quarter_turns(-turns)
        return inverse @ warp.translation(*(-jnp.round(share[:, i] * sides[1 - i]) for i in (0, 1)))

    def moves(
        self, n: int, sides: tuple[int, int], p: Array | float, key: PRNGKey
    ) -> warp.Matrices:
        """M^-1 for n random scalings, rotations, anisotropic scalings, rotations and shifts.

        They are applied in this order. Each of the two rotations has probability 1 - sqrt(1 - p),
        so that at least one happens with probability p.

        Args:
          n: the number of matrices.
          sides: (height, width) of the images.
          p: probability of each of the four.
          key: the key of all random numbers.
        """
        k_scale, k_before, k_stretch, k_after, k_shift = jax.random.split(key, 5)
        rotates = 1 - jnp.sqrt(1 - jnp.asarray(p, jnp.float32))
        angle = _between(self.rotation * math.pi)
        scale = sometimes(k_scale, p, (n,), _factor(self.isotropic), 1.0)
        before = sometimes(k_before, rotates, (n,), angle, 0.0)
        stretch = sometimes(k_stretch, p, (n,), _factor(self.anisotropic), 1.0)
        after = sometimes(k_after, rotates, (n,), angle, 0.0)
        share = sometimes(k_shift, p, (n, 2), _normal(self.shift), 0.0)
        inverse = warp.scaling(1 / scale, 1 / scale) @ warp.rotation(-before)
        inverse = inverse @ warp.scaling(1 / stretch, stretch) @ warp.rotation(-after)
        return inverse @ warp.translation(*(-share[:, i] * sides[1 - i] for i in (0, 1)))

    def colours(self, n: int, channels: int, p: Array | float, key: PRNGKey) -> recolour.Matrices:
        """C for n random changes of brightness, contrast, luma, hue and saturation, in this order.

        Grey images have neither hue nor saturation.

        Args:
          n: the number of matrices.
          channels: channels of the images, 1 or 3.
          p: probability of each of the five.
          key: the key of all random numbers.
        """
        k_bright, k_contrast, k_flip, k_hue, k_saturation = jax.random.split(key, 5)
        bright = sometimes(k_bright, p, (n,), _normal(self.brightness), 0.0)
        contrast = sometimes(k_contrast, p, (n,), _factor(self.contrast), 1.0)
        flip = sometimes(k_flip, p, (n,), _coin, 0.0)
        matrix = recolour.contrast(contrast) @ recolour.brightness(bright)
        matrix = recolour.luma_flip(flip) @ matrix
        if channels == 1:
            return matrix
        angle = sometimes(k_hue, p, (n,), _between(self.hue * math.pi), 0.0)
        saturation = sometimes(k_saturation, p, (n,), _factor(self.saturation), 1.0)
        return recolour.saturation(saturation) @ recolour.hue(angle) @ matrix

    def band_gains(self, n: int, p: Array | float, key: PRNGKey) -> Float[Array, "batch 4"]:
        """Gains g of the four bands: the product of four vectors t, one for each band.

        In the vector of band i, t_i is random and the others are 1. The vector is divided by
        sqrt(sum_i lambda_i t_i^2), so that the expected power lambda of natural images is kept.

        Args:
          n: the number of examples.
          p: probability of each of the four vectors.
          key: the key of all random numbers.
        """
        gains = jnp.ones((n, corrupt.BANDS))
        for i, k_band in enumerate(jax.random.split(key, corrupt.BANDS)):
            t = sometimes(k_band, p, (n,), _factor(self.gains), 1.0)
            factors = jnp.ones((n, corrupt.BANDS)).at[:, i].set(t)
            power = jnp.square(factors) @ jnp.asarray(_POWER)
            gains = gains * factors / jnp.sqrt(power)[:, None]
        return gains

    def check(self, example: Feature) -> None:
        """Raises InputError for a field out of range, and for data that it cannot transform."""
        check_above(1, **{"augment.every": self.every})
        for name in _STRENGTHS:
            check_above(0, **{f"augment.{name}": getattr(self, name)})
        if not self.kimg > 0:
            raise InputError(f"algorithm.augment.kimg: {self.kimg} is not above 0")
        if not 0 <= self.p <= 1:
            raise InputError(f"algorithm.augment.p: {self.p} is not in [0, 1]")
        if self.target is not None and not -1 <= self.target <= 1:
            raise InputError(f"algorithm.augment.target: {self.target} is not in [-1, 1]")
        if "colour" in self.transforms and example.shape[-1] not in (1, 3):
            raise InputError(
                f"algorithm.augment.transforms: images of {example.shape[-1]} channels have no"
                " colours; leave out colour"
            )

    def _blit(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        n, height, width, _ = images.shape
        return warp.moved(images, self.blits(n, (height, width), p, key))

    def _move(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        n, height, width, _ = images.shape
        return warp.warped(images, self.moves(n, (height, width), p, key))

    def _recolour(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        n, *_, channels = images.shape
        return recolour.recoloured(images, self.colours(n, channels, p, key))

    def _amplify(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        return corrupt.amplified(images, self.band_gains(images.shape[0], p, key))

    def _add_noise(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        k_sigma, k_noise = jax.random.split(key)
        shape = (images.shape[0], 1, 1, 1)
        sigma = sometimes(k_sigma, p, shape, _normal(self.sigma), 0.0)
        return images + jnp.abs(sigma) * draw(jax.random.normal, k_noise, images.shape)

    def _cut_out(self, images: Image, p: Array | float, key: PRNGKey) -> Image:
        k_window, k_middle = jax.random.split(key)
        n = images.shape[0]
        side = sometimes(k_window, p, (n,), lambda k, s: jnp.full(s, self.window), 0.0)
        x, y = draw(jax.random.uniform, k_middle, (n, 2)).T
        return corrupt.cut_out(images, x, y, side)


_STRENGTHS = (
    "whole_shift", "isotropic", "rotation", "anisotropic", "shift", "brightness", "contrast", "hue",
    "saturation", "gains", "sigma", "window",
)  # fmt: skip

Sampled = Callable[[PRNGKey, tuple[int, ...]], Array]


def sometimes(
    key: PRNGKey, p: Array | float, shape: tuple[int, ...], sample: Sampled, otherwise: float
) -> Float[Array, "batch *rest"]:
    """For each example, ``sample(key, shape)`` with probability p, else ``otherwise``."""
    k_gate, k_value = jax.random.split(key)
    gate = draw(jax.random.uniform, k_gate, (shape[0],) + (1,) * (len(shape) - 1))
    return jnp.where(gate < p, draw(sample, k_value, shape), otherwise)


def _coin(key: PRNGKey, shape: tuple[int, ...]) -> Array:
    """0 or 1."""
    return jnp.round(jax.random.uniform(key, shape))


def _quarters(key: PRNGKey, shape: tuple[int, ...]) -> Array:
    """0, 1, 2 or 3."""
    return jnp.floor(4 * jax.random.uniform(key, shape))


def _between(limit: float) -> Sampled:
    """U(-limit, limit)."""
    return lambda key, shape: jax.random.uniform(key, shape, minval=-limit, maxval=limit)


def _normal(deviation: float) -> Sampled:
    """N(0, deviation^2)."""
    return lambda key, shape: deviation * jax.random.normal(key, shape)


def _factor(deviation: float) -> Sampled:
    """2^N(0, deviation^2)."""
    return lambda key, shape: jnp.exp2(deviation * jax.random.normal(key, shape))
