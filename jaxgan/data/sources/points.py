"""Mixtures of Gaussians in the plane and on a line, to count the modes that a GAN drops."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from jaxgan.core import Feature
from jaxgan.data.examples import Source, in_memory
from jaxgan.errors import InputError, did_you_mean

TRAINING, TEST = 50_000, 2_500
"""Number of training and of test points; the test part has as many as VEEGAN's protocol draws."""


class Mixture(NamedTuple):
    """A mixture of spherical Gaussians with equal weights and one standard deviation."""

    centres: Float64[np.ndarray, "modes dimensions"]
    std: float


_ANGLES = 2 * np.pi * np.arange(8) / 8
_STEPS = 2.0 * np.arange(-2, 3)

MIXTURES = {
    "ring": Mixture(2 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1), 0.02),
    "grid": Mixture(np.stack(np.meshgrid(_STEPS, _STEPS), axis=-1).reshape(-1, 2), 0.05),
    "line": Mixture(np.array([[-1.5], [-0.5], [0.5], [1.5]]), 0.05),
}
"""Mixtures by name. ``ring``: 8 modes on a circle of radius 2 (Metz et al. 2017, section 3.1).
``grid``: 25 modes at
{-4, -2, 0, 2, 4}^2 (Srivastava et al. 2017, section 4.1). ``line``: 4 modes, 1 apart (the
demonstration of Lin et al. 2025)."""


def open_points(name: str) -> Source:
    """A fixed set of points of a mixture: ``point``, and its mode as ``label``.

    All modes have equally many points, to within one, in random order.

    Raises:
      InputError: there is no such mixture.
    """
    if name not in MIXTURES:
        raise InputError(
            f"data.source: points has no mixture {name!r}: {did_you_mean(name, MIXTURES)}use"
            f" {', '.join(f'points:{known}' for known in MIXTURES)}"
        )
    return replace(_drawn(name, TRAINING, 0), test=lambda: _drawn(name, TEST, 1))


def _drawn(name: str, n: int, seed: int) -> Source:
    """``n`` random points of a mixture."""
    centres, std = MIXTURES[name]
    modes, dimensions = centres.shape
    random = np.random.RandomState(seed)  # gives the same numbers in every version of NumPy
    labels = random.permutation(np.arange(n) % modes).astype(np.int32)
    points = centres[labels] + std * random.standard_normal((n, dimensions))
    return in_memory(
        f"points:{name}",
        {"point": Feature("array", (dimensions,)), "label": Feature("label", (), modes)},
        {"point": points, "label": labels},
        class_names=tuple(str(mode) for mode in range(modes)),
        columns=("x", "y")[:dimensions],
    )
