"""Common parts of the methods for anomaly detection: data, score, sheet, measure, D's loss."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxgan.algorithms._parts.needs import needs
from jaxgan.algorithms._parts.networks import apply_net
from jaxgan.core import Aux, Feature, Function, Given, Spec
from jaxgan.errors import InputError
from jaxgan.losses.adversarial import nonsaturating, real_rate
from jaxgan.metrics.scores import Scores
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Examples, Image, Scalar

SHOWN = 8
"""Largest number of examples in a sheet."""
BINS = 24
"""Number of bins in a histogram of scores."""
HISTOGRAM = "scores of normals (above) and anomalies"
"""Title of the histograms in a sheet."""
PerExample = Float[Array, "batch"]
Sheet = dict[str, Float[Array, "rows *cell"]]


def normal_examples(spec: Spec, *names: str) -> tuple[str, Feature]:
    """The name and feature of the normal examples: the first of ``names`` that the data have.

    Raises:
      InputError: the data have none of them, or have classes without ``data.normal``.
    """
    name = next((name for name in names if name in spec.features), names[0])
    (feature,) = needs(spec, name)
    if "label" in spec.features:
        raise InputError(
            f"data.normal: these data have {spec.features['label'].classes} classes: say which are"
            " normal and are trained on, such as --data.normal 0 1"
        )
    if "target" in spec.features:
        raise InputError(
            "data.target: its values are numbers to be predicted: use a column of classes and"
            " --data.normal, or no target where all rows are normal"
        )
    return name, feature


def check_quantile(quantile: float) -> None:
    """Raises InputError for a quantile outside (0, 1)."""
    if not 0 < quantile < 1:
        raise InputError(f"algorithm.quantile: {quantile} is not in (0, 1)")


def score_of(apply: Callable[..., Any], name: str) -> Function:
    """The function ``score``, one number per example, independent of the rest of the batch."""
    return Function(apply, (name,), Feature("array", ()), multiple=0)


def read(batch: Batch) -> Examples:
    """The examples of a batch: images in [-1, 1], or standardised rows."""
    return batch["row"] if "row" in batch else to_float(batch["image"])


def judged(discriminator: nn.Module, given: Given, batch: Batch, made: Image) -> tuple[Scalar, Aux]:
    """-E[log D(x)] - E[log(1 - D(x'))] of a batch's images x and their reconstructions x'."""
    d = given.variables["discriminator"]
    real_logits, d = apply_net(discriminator, d, read(batch))
    fake_logits, d = apply_net(discriminator, d, made)
    rate = real_rate(nonsaturating, real_logits, fake_logits)
    loss = nonsaturating.discriminator(real_logits, fake_logits)
    return loss, Aux({"real_rate": rate}, {"discriminator": d})


def mean_square(x: Float[Array, "batch *shape"]) -> PerExample:
    """The mean of x^2 over the elements of each example."""
    return jnp.square(x).reshape(x.shape[0], -1).mean(1)


def heat(error: Image) -> Float[Array, "batch height width 3"]:
    """Heat map of mean |error| over the channels: 0 black, 1/3 red, 2/3 yellow, 1 white."""
    level = jnp.abs(error).mean(-1, keepdims=True)
    return 2.0 * jnp.clip(jnp.concatenate([3.0 * level - c for c in range(3)], -1), 0.0, 1.0) - 1.0


def compared(x: Examples, made: Examples, scores: PerExample, batch: Batch) -> Sheet:
    """The sheet: some examples, their reconstructions and errors, and all scores as histograms.

    Errors of images are heat maps. Rows of a table are curves.
    """
    every = max(1, len(x) // SHOWN)
    some, again = x[::every][:SHOWN], made[::every][:SHOWN]
    histograms = {HISTOGRAM: histogram(scores, batch["anomaly"])} if "anomaly" in batch else {}
    name, error = ("image", heat(some - again)) if x.ndim == 4 else ("row", some - again)
    return {name: some, "reconstruction": again, "error": error, **histograms}


def histogram(scores: PerExample, anomaly: Int[Array, "batch"]) -> Float[Array, "2 bins"]:
    """Fractions of normal examples and of anomalies, in bins of equal width from 0 to the max."""
    bins = (scores / jnp.maximum(scores.max(), 1e-12) * BINS).astype(jnp.int32)
    inside = jax.nn.one_hot(jnp.clip(bins, 0, BINS - 1), BINS)
    kinds = jax.nn.one_hot(anomaly, 2).T
    return kinds @ inside / jnp.maximum(kinds.sum(1, keepdims=True), 1.0)


def measured(scores: PerExample, batch: Batch, quantile: float) -> dict[str, Scores]:
    """The ranking of held-out examples: see :class:`jaxgan.metrics.Scores`."""
    return {"score": Scores.of(scores, batch.get("anomaly"), quantile)}
