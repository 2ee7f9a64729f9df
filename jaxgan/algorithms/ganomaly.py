"""GANomaly (Akcay et al. 2018): an anomaly's code differs from the code of its reconstruction.

An encoder, a decoder and a second encoder, z = E1(x), x' = G(z), z' = E2(x'), are trained on normal
images only, together with a discriminator D. A step is one update of the three nets, then one
update of D on the same x'. The score of an image is the mean of (z - z')^2. It uses running batch
statistics, so that it does not depend on the other images of a batch.
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts import anomalies
from jaxgan.algorithms._parts.anomalies import PerExample, Sheet
from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.codes import fit_pair
from jaxgan.algorithms._parts.needs import check_above
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, features, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Given, Spec, chain, minimize
from jaxgan.losses.reconstruction import l1, l2
from jaxgan.metrics.scores import Scores
from jaxgan.nets import DCGANDiscriminator, DCGANGenerator
from jaxgan.typing import Batch, Image, PRNGKey, Scalar, Variables

NETS = ("encoder", "decoder", "reencoder")
"""Players that compute z, x' and z'."""

Codes = Float[Array, "batch numbers"]


@dataclass(frozen=True, kw_only=True)
class GANomaly:
    """``encoder`` gives z, ``decoder`` x', ``reencoder`` z'; ``discriminator`` gives features."""

    encoder: nn.Module = DCGANDiscriminator()
    """Nets E1 and E2: as in the paper, DCGAN's discriminator with ``latent_dim`` outputs."""
    decoder: nn.Module = DCGANGenerator()
    """Net G: DCGAN's generator."""
    discriminator: nn.Module = DCGANDiscriminator()
    """Net D; it sows its last hidden activations as ``features``."""
    latent_dim: int = 100
    """Dimension of a code."""
    adversarial: float = 1.0
    """Weight of the mean of (f(x) - f(x'))^2, with D's features f."""
    reconstruction: float = 50.0
    """Weight of E|x - x'|."""
    latent: float = 1.0
    """Weight of the mean of (z - z')^2."""
    quantile: float = 0.95
    """Threshold, as a quantile of the scores of held-out normal images."""
    generator_optimizer: Optimizer = Adam()
    """Optimizer of E1, G and E2."""
    discriminator_optimizer: Optimizer = Adam()
    """Optimizer of D."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, scores and losses stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        name, image = anomalies.normal_examples(spec, "image")
        check_above(2, latent_dim=self.latent_dim)
        check_above(0, adversarial=self.adversarial, latent=self.latent)
        check_above(0, reconstruction=self.reconstruction)
        anomalies.check_quantile(self.quantile)
        shape, dtype = image.shape, self.compute_dtype
        encoder, decoder = fit_pair(
            self.encoder, self.decoder, shape, shape, self.latent_dim, dtype
        )
        discriminator = fit(self.discriminator, shape, dtype, role="discriminator")
        gan = replace(self, encoder=encoder, decoder=decoder, discriminator=discriminator)
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(spec.decay_steps, "discriminator_optimizer")

        step = chain(
            minimize(NETS, gan.generator_loss, g, label="generator"),
            minimize("discriminator", gan.discriminator_loss, d),
        )

        x, z = jnp.zeros((2, *shape)), jnp.zeros((2, self.latent_dim))
        players = {
            "encoder": Network(encoder, (x,), g),
            "decoder": Network(decoder, (z,), g),
            "reencoder": Network(encoder, (x,), g),
            "discriminator": Network(discriminator, (x,), d),
        }
        functions = {"score": anomalies.score_of(gan.score, name)}
        return assemble(players, step, functions, gan.show, gan.measure)

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The weighted sum of the three distances (equations 1 to 4)."""
        del key
        x, d = anomalies.read(batch), given.variables["discriminator"]
        z, made, z_made, variables = self._passed(given.variables, x, train=True)
        f, f_made = (features(self.discriminator, d, images) for images in (x, made))
        terms = {
            "adversarial": l2(f, f_made),
            "reconstruction": l1(x, made),
            "latent": l2(z, z_made),
        }
        loss = sum(getattr(self, name) * term for name, term in terms.items())
        return jnp.asarray(loss), Aux(terms, variables, rows={"made": made})

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[log D(x)] - E[log(1 - D(x'))]."""
        del key
        return anomalies.judged(self.discriminator, given, batch, batch["made"])

    def score(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> PerExample:
        """The mean of (z - z')^2 of each image."""
        del key
        z, _, z_made, _ = self._passed(weights, inputs["image"])
        return anomalies.mean_square(z - z_made)

    def show(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> Sheet:
        """Images, their reconstructions, the error and histograms of the scores."""
        del key
        x = anomalies.read(batch)
        scores = self.score(weights, {"image": x})
        return anomalies.compared(x, self._passed(weights, x)[1], scores, batch)

    def measure(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Scores]:
        """Measures how well the scores rank held-out images."""
        del key
        scores = self.score(weights, {"image": anomalies.read(batch)})
        return anomalies.measured(scores, batch, self.quantile)

    def _passed(
        self, weights: dict[str, Variables], x: Image, train: bool = False
    ) -> tuple[Codes, Image, Codes, dict[str, Variables]]:
        """z, x', z' and the nets' new variables."""
        z, encoder = apply_net(self.encoder, weights["encoder"], x, train=train)
        made, decoder = apply_net(self.decoder, weights["decoder"], z, train=train)
        z_made, reencoder = apply_net(self.encoder, weights["reencoder"], made, train=train)
        return z, made, z_made, dict(zip(NETS, (encoder, decoder, reencoder), strict=True))
