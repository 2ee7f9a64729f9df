"""Metrics of images: pure functions of features, and sums that a set is read into by batches.

What is read a batch at a time (:class:`Moments`, :class:`Rows`, :class:`ClassScores`,
:class:`Mean`) is a pytree of arrays: ``update`` is pure, for use under ``jax.jit``, the parts of
several hosts ``merge``, and ``compute`` ends on the host.
"""

from jaxgan.metrics.density_coverage import density_coverage
from jaxgan.metrics.frechet import frechet_distance
from jaxgan.metrics.inception_score import ClassScores, inception_score, torch_fidelity_order
from jaxgan.metrics.kernel import kernel_distance
from jaxgan.metrics.mean import Mean
from jaxgan.metrics.moments import Moments
from jaxgan.metrics.precision_recall import precision_recall
from jaxgan.metrics.rows import Rows

__all__ = [
    "ClassScores",
    "Mean",
    "Moments",
    "Rows",
    "density_coverage",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "precision_recall",
    "torch_fidelity_order",
]
