"""Projection: finds the code whose image is nearest to a given image, by gradient descent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.data.examples import UnreadableImageError
from jaxgan.data.images.decode import decode
from jaxgan.data.images.resize import CENTRE, crop, fit, to_channels
from jaxgan.errors import InputError
from jaxgan.latents import output
from jaxgan.latents.asked import Asked
from jaxgan.latents.space import Codes, Space
from jaxgan.ops.pixels import to_float
from jaxgan.run import files


@dataclass(frozen=True, kw_only=True)
class Project(Asked):
    """Finds the code of an image with Adam on the mean squared error of pixels."""

    image: str
    """Image to project; it is converted to the run's size and channels."""
    steps: int = 300
    """Steps of Adam."""
    lr: float = 0.05
    """Learning rate at the first step; it falls to 0 along a cosine."""
    starts: int = 16
    """Number of codes optimised in parallel: the nearest of ``tried`` random codes."""
    tried: int = 1024
    """Number of random codes."""
    seed: int = 0
    """Seed of the random codes."""
    out: str
    """Output FILE.png with the image, the nearest random sample and the projection."""
    save: str | None = None
    """Output FILE.npz for the code."""

    def __call__(self, space: Space) -> str:
        """Writes the sheet and the code; returns a line with the remaining distance."""
        path = output.check(self.out)
        save = output.check(self.save, (".npz",)) if self.save else None
        if min(self.steps, self.starts) < 1 or self.tried < self.starts or not self.lr > 0:
            raise InputError("steps: use 1 start and step at least, lr above 0, tried from starts")
        target = self._target(space)
        drawn = space.drawn(self.tried, self.seed)
        start = nearest(space, drawn, target, self.starts)
        found, distances = projected(space, start, target, self.steps, self.lr)
        best = int(np.argmin(distances))
        if save:
            files.write_npz(save, {space.name: found[best : best + 1]})
        shown = np.concatenate([target[None], space.images(np.stack([start[0], found[best]]))])
        output.write_rows(path, shown[None], ("image", "nearest drawn", "projected"), ())
        rms = float(np.sqrt(distances[best]) * 127.5)
        psnr = -10 * np.log10(max(float(distances[best]) / 4, 1e-12))
        return f"root mean square distance {rms:.2f} of 255, PSNR {psnr:.1f} dB"

    def _target(self, space: Space) -> np.ndarray:
        try:
            pixels = decode(Path(self.image).read_bytes(), self.image)
        except (OSError, UnreadableImageError) as error:
            raise InputError(f"image: {self.image} cannot be read: {error}") from None
        size, _, channels = space.image_shape
        return crop(fit(to_channels(pixels, channels), size), size, CENTRE, CENTRE)


def nearest(space: Space, codes: Codes, target: np.ndarray, n: int) -> Codes:
    """The ``n`` codes whose images are nearest to the target, nearest first."""
    apart = space.images(codes).astype(np.float32) - target
    return codes[np.argsort(np.square(apart).mean((1, 2, 3)), kind="stable")[:n]]


def projected(
    space: Space, codes: Codes, target: np.ndarray, steps: int, lr: float
) -> tuple[Codes, np.ndarray]:
    """The codes after ``steps`` steps of Adam, and each code's E[(G(z) - x)^2] over pixels.

    Args:
      space: the run's latent space.
      codes: the initial codes.
      target: the image x, uint8 (h, w, c).
      steps: steps of Adam.
      lr: the learning rate at the first step.
    """
    goal = to_float(jnp.asarray(target[None]))
    rule = optax.adam(optax.cosine_decay_schedule(lr, steps))

    def distances(weights: Any, codes: Any) -> Any:
        return jnp.square(space.generate(weights, codes) - goal).mean((1, 2, 3))

    @jax.jit
    def descend(weights: Any, codes: Any) -> Any:
        def body(carry: Any, _: Any) -> Any:
            codes, state = carry
            gradient = jax.grad(lambda c: distances(weights, c).sum())(codes)
            change, state = rule.update(gradient, state)
            return (optax.apply_updates(codes, change), state), None

        (codes, _), _ = jax.lax.scan(body, (codes, rule.init(codes)), length=steps)
        return codes, distances(weights, codes)

    return jax.device_get(descend(space.weights, jnp.asarray(codes, jnp.float32)))
