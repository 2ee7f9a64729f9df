"""A generator as a distribution: draws latent codes; generates, shows and measures examples."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.networks import apply_net
from jaxgan.algorithms._parts.points import SHOWN, Picture, scattered
from jaxgan.core import Code, Feature, Function, Spec
from jaxgan.core.sharding import draw
from jaxgan.metrics import Mixture
from jaxgan.typing import Batch, Examples, Label, Latent, PRNGKey, Variables

LatentName = Literal["normal", "uniform"]


def draw_labels(key: PRNGKey, n: int, classes: int) -> Label:
    """``n`` labels, uniform over the classes."""
    return draw(partial(jax.random.randint, minval=0, maxval=classes), key, (n,))


def _truncated(key: PRNGKey, shape: tuple[int, ...], limit: Any) -> Latent:
    return jax.random.truncated_normal(key, -limit, limit, shape)


def block(
    sample: Callable[..., Any], classes: int, weights: dict[str, Variables], key: PRNGKey
) -> dict[str, Float[Array, "rows columns height width channels"]]:
    """Samples in ten columns: one row per class (at most ten), or ten rows without classes."""
    rows = min(classes, 10) or 10
    labels = jnp.repeat(jnp.arange(rows), 10)
    images = sample(weights, {"n": 10 * rows, "label": labels}, key)
    return {"": images.reshape(rows, 10, *images.shape[1:])}


class Sampler(NamedTuple):
    """x = G(z, y) with z ~ p(z), for the player named ``generator``."""

    net: nn.Module
    latent_dim: int
    latent: LatentName
    classes: int = 0
    """Number of classes that G is conditioned on; 0: unconditional."""

    def draw(self, key: PRNGKey, n: int, truncation: Any = None) -> Latent:
        """``n`` latent codes from N(0, 1) or U(-1, 1).

        With a truncation t, codes come from N(0, 1) truncated to [-t, t]: values outside are drawn
        again (Brock et al. 2019, section 3.1).
        """
        shape = (n, self.latent_dim)
        if truncation is not None:
            return draw(partial(_truncated, limit=truncation), key, shape)
        if self.latent == "uniform":
            return draw(partial(jax.random.uniform, minval=-1.0, maxval=1.0), key, shape)
        return draw(jax.random.normal, key, shape)

    def generate(
        self, variables: Variables, key: PRNGKey, n: int, labels: Label | None = None
    ) -> tuple[Examples, Variables]:
        """``n`` examples, generated in training mode, and the generator's new variables."""
        k_latent, k_net = jax.random.split(key)
        return apply_net(self.net, variables, self.draw(k_latent, n), labels, key=k_net)

    def sample(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey
    ) -> Examples:
        """``inputs["n"]`` examples; a conditional G takes the classes ``inputs["label"]``.

        Latent codes ``inputs["z"]`` replace random ones.
        """
        _, k_net = jax.random.split(key)
        z = inputs["z"] if "z" in inputs else self.codes(weights, inputs, key)
        labels = inputs["label"] if self.classes else None
        return apply_net(self.net, weights["generator"], z, labels, train=False, key=k_net)[0]

    def codes(self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey) -> Latent:
        """The ``inputs["n"]`` codes that :meth:`sample` draws for the same arguments."""
        del weights
        return self.draw(jax.random.split(key)[0], inputs["n"], inputs.get("truncation"))

    def function(self, gives: Feature) -> Function:
        """The function ``sample`` of a run."""
        takes = ("label",) if self.classes else ()
        normal = self.latent == "normal"
        codes = {"z": Code(self.codes, sphere=normal)}
        return Function(self.sample, takes, gives, truncates=normal, codes=codes)

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows columns height width channels"]]:
        """Samples in ten columns: one row per class (at most ten), or ten rows without classes."""
        del batch
        return block(self.sample, self.classes, weights, key)

    def show_points(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Picture]:
        """A scatter plot of samples and of the batch's points."""
        labels = jnp.arange(SHOWN) % max(self.classes, 1)
        return scattered(batch["point"], self.sample(weights, {"n": SHOWN, "label": labels}, key))

    def sheet(self, gives: Feature) -> Callable[..., Any]:
        """``show`` for images, ``show_points`` for points."""
        return self.show if gives.kind == "image" else self.show_points

    def measure_for(self, spec: Spec) -> Callable[..., Any] | None:
        """Measure of how well samples cover a mixture of Gaussians, one sample per held-out point.

        None if the data are not points labelled with their mode.
        """
        if not {"point", "label"} <= spec.features.keys():
            return None

        def measure(
            weights: dict[str, Variables], batch: Batch, key: PRNGKey
        ) -> dict[str, Mixture]:
            real, labels = batch["point"], batch["label"]
            fake = self.sample(weights, {"n": len(labels), "label": labels}, key)
            return {"mixture": Mixture.create(real.shape[1]).update(real, labels, fake)}

        return measure
