"""Anomaly detection by an autoencoder: it reconstructs anomalies worse than normal examples.

The autoencoder is trained on normal examples only, images or rows of a table. The score of an
example is its reconstruction error.
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.algorithms._parts import anomalies
from jaxgan.algorithms._parts.anomalies import PerExample, Sheet
from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.codes import code_of, fit_pair
from jaxgan.algorithms._parts.needs import check_above
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Given, Spec, minimize
from jaxgan.losses.reconstruction import l2
from jaxgan.metrics.scores import Scores
from jaxgan.nets import DenseDecoder, DenseEncoder
from jaxgan.typing import Batch, Examples, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class AnomalyAutoencoder:
    """``encoder`` compresses normal examples to small codes, and ``decoder`` reconstructs them."""

    encoder: nn.Module = DenseEncoder()
    """Net that outputs codes; for the rows of a table a ``RowEncoder``."""
    decoder: nn.Module = DenseDecoder()
    """Net that takes codes; for images its outputs l are pixels tanh(l / 2), else the rows."""
    latent_dim: int = 8
    """Dimension of a code; it must be small, or anomalies are reconstructed too."""
    quantile: float = 0.95
    """Threshold, as a quantile of the scores of held-out normal examples."""
    optimizer: Optimizer = Adam(lr=1e-3, b1=0.9)
    """Optimizer of both nets."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, each net's last layer and losses
    stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        name, feature = anomalies.normal_examples(spec, "row", "image")
        check_above(1, latent_dim=self.latent_dim)
        anomalies.check_quantile(self.quantile)
        shape = feature.shape
        encoder, decoder = fit_pair(
            self.encoder, self.decoder, shape, shape, self.latent_dim, self.compute_dtype
        )
        method = replace(self, encoder=encoder, decoder=decoder)
        tx = self.optimizer.transform(spec.decay_steps, "optimizer")
        code = code_of(encoder, decoder, shape, shape)
        x, codes = jnp.zeros((2, *shape)), jnp.zeros((2, *code.shape))
        return assemble(
            {"encoder": Network(encoder, (x,), tx), "decoder": Network(decoder, (codes,), tx)},
            minimize(("encoder", "decoder"), method.objective, tx, label="autoencoder"),
            {"score": anomalies.score_of(method.score, name)},
            method.show,
            method.measure,
        )

    def objective(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[(x - x')^2] with the reconstruction x' of x."""
        del key
        x = anomalies.read(batch)
        made, variables = self._made(given.variables, x, train=True)
        return l2(made, x), Aux(variables=variables)

    def score(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> PerExample:
        """The mean squared error of each example's reconstruction."""
        del key
        x = inputs["row"] if "row" in inputs else inputs["image"]
        return anomalies.mean_square(x - self._made(weights, x)[0])

    def show(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> Sheet:
        """Examples, their reconstructions, the error and histograms of the scores."""
        del key
        x = anomalies.read(batch)
        scores = self.score(weights, {"image": x})
        return anomalies.compared(x, self._made(weights, x)[0], scores, batch)

    def measure(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Scores]:
        """Measures how well the scores rank held-out examples."""
        del key
        x = anomalies.read(batch)
        return anomalies.measured(self.score(weights, {"image": x}), batch, self.quantile)

    def _made(
        self, weights: dict[str, Variables], x: Examples, train: bool = False
    ) -> tuple[Examples, dict[str, Variables]]:
        """The reconstructions, and the nets' new variables."""
        code, encoder = apply_net(self.encoder, weights["encoder"], x, train=train)
        logits, decoder = apply_net(self.decoder, weights["decoder"], code, train=train)
        made = jnp.tanh(logits / 2.0) if x.ndim == 4 else logits
        return made, {"encoder": encoder, "decoder": decoder}
