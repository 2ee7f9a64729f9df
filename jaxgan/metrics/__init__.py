"""Metrics of images: pure functions of features, and accumulators that read a set in batches.

An :class:`Accumulator` (:class:`Mean`, :class:`Confusion`, :class:`Moments`, :class:`Rows`,
:class:`Scores`, :class:`ClassScores`, :class:`Mixture`) reads a set one batch at a time. It is a
pytree of arrays. ``update`` is pure, for use under ``jax.jit``; ``merge`` joins the parts of
several hosts; ``compute`` returns the result on the host.
"""

from jaxgan.metrics.accumulator import Accumulator
from jaxgan.metrics.confusion import Confusion
from jaxgan.metrics.density_coverage import density_coverage
from jaxgan.metrics.fidelity import fidelity
from jaxgan.metrics.frechet import frechet_distance
from jaxgan.metrics.inception_score import ClassScores, inception_score, torch_fidelity_order
from jaxgan.metrics.kernel import kernel_distance
from jaxgan.metrics.lpips import lpips
from jaxgan.metrics.mean import Mean
from jaxgan.metrics.mixture import Mixture, mixture_coverage
from jaxgan.metrics.moments import Moments
from jaxgan.metrics.path_length import lerp, perceptual_path_length, slerp
from jaxgan.metrics.precision_recall import precision_recall
from jaxgan.metrics.psnr import psnr
from jaxgan.metrics.rows import Rows
from jaxgan.metrics.scores import Scores
from jaxgan.metrics.sliced_wasserstein import sliced_wasserstein
from jaxgan.metrics.ssim import ms_ssim, ssim

__all__ = [
    "Accumulator",
    "ClassScores",
    "Confusion",
    "Mean",
    "Mixture",
    "Moments",
    "Rows",
    "Scores",
    "density_coverage",
    "fidelity",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "lerp",
    "lpips",
    "mixture_coverage",
    "ms_ssim",
    "perceptual_path_length",
    "precision_recall",
    "psnr",
    "slerp",
    "sliced_wasserstein",
    "ssim",
    "torch_fidelity_order",
]
