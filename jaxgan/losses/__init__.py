"""Losses and penalties: pure functions of arrays."""

from jaxgan.losses import adversarial, penalties, segmentation
from jaxgan.losses.adversarial import (
    Objective,
    ObjectiveName,
    hinge,
    least_squares,
    minimax,
    noisy_targets,
    nonsaturating,
    real_rate,
    relativistic,
    wasserstein,
)
from jaxgan.losses.penalties import (
    approximate_r1,
    centering,
    clip_params,
    drift,
    gradient_penalty,
    r1,
    r2,
)
from jaxgan.losses.perceptual import perceptual

__all__ = [
    "Objective",
    "ObjectiveName",
    "adversarial",
    "approximate_r1",
    "centering",
    "clip_params",
    "drift",
    "gradient_penalty",
    "hinge",
    "least_squares",
    "minimax",
    "noisy_targets",
    "nonsaturating",
    "penalties",
    "perceptual",
    "r1",
    "r2",
    "real_rate",
    "relativistic",
    "segmentation",
    "wasserstein",
]
