"""Skip-GANomaly (Akcay et al. 2019): anomalies are images that a U-Net reconstructs badly.

A U-Net G and a discriminator D with features f are trained on normal images only. A step is one
update of D, then one of G, on the same G(x). The score of an image is a weighted sum of the errors
of its pixels and of its features. It uses running batch statistics, so that it does not depend on
the other images of a batch.
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.algorithms._parts import anomalies
from jaxgan.algorithms._parts.anomalies import PerExample, Sheet
from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.needs import check_above
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, features, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.sharing import on_shared_fakes
from jaxgan.core import Algorithm, Aux, Given, Spec, minimize
from jaxgan.errors import InputError
from jaxgan.losses.adversarial import nonsaturating
from jaxgan.losses.reconstruction import l1, l2
from jaxgan.metrics.scores import Scores
from jaxgan.nets import DCGANDiscriminator, UNetGenerator
from jaxgan.typing import Batch, Image, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class SkipGANomaly:
    """``generator`` reconstructs images, ``discriminator`` judges them and gives features."""

    generator: nn.Module = UNetGenerator(dropout=0.0)
    """Net G."""
    discriminator: nn.Module = DCGANDiscriminator()
    """Net D; it sows its last hidden activations as ``features``."""
    adversarial: float = 1.0
    """Weight of -E[log D(G(x))]."""
    reconstruction: float = 40.0
    """Weight of E|x - G(x)|."""
    latent: float = 1.0
    """Weight of the mean of (f(x) - f(G(x)))^2."""
    pixels: float = 0.9
    """Weight w of the pixels' mean squared error in the score; the features' weight is 1 - w."""
    quantile: float = 0.95
    """Threshold, as a quantile of the scores of held-out normal images."""
    generator_optimizer: Optimizer = Adam()
    """Optimizer of G."""
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
        self._check()
        gan = replace(
            self,
            generator=fit(self.generator, image.shape, self.compute_dtype),
            discriminator=fit(self.discriminator, image.shape, self.compute_dtype),
        )
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(spec.decay_steps, "discriminator_optimizer")

        step = on_shared_fakes(
            gan.generate, minimize("discriminator", gan.discriminator_loss, d),
            gan.generator_loss, g,
        )  # fmt: skip

        x = jnp.zeros((2, *image.shape))
        players = {
            "generator": Network(gan.generator, (x,), g),
            "discriminator": Network(gan.discriminator, (x,), d),
        }
        functions = {"score": anomalies.score_of(gan.score, name)}
        return assemble(players, step, functions, gan.show, gan.measure)

    def generate(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Image, Variables]:
        """G(x), and G's new variables."""
        return apply_net(
            self.generator, given.variables["generator"], anomalies.read(batch), key=key
        )

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[log D(x)] - E[log(1 - D(G(x)))] (equation 1)."""
        del key
        return anomalies.judged(self.discriminator, given, batch, batch["fake"])

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The weighted sum of the adversarial loss and the two distances (equations 1 to 4)."""
        del key
        x, made, d = anomalies.read(batch), batch["fake"], given.variables["discriminator"]
        logits, d_new = apply_net(self.discriminator, d, made)
        f, f_made = (features(self.discriminator, d, images) for images in (x, made))
        terms = {
            "adversarial": nonsaturating.generator(logits),
            "reconstruction": l1(x, made),
            "latent": l2(f, f_made),
        }
        loss = sum(getattr(self, name) * term for name, term in terms.items())
        return jnp.asarray(loss), Aux(terms, {"discriminator": d_new})

    def score(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> PerExample:
        """With w = ``pixels``: w mean (x - G(x))^2 + (1 - w) mean (f(x) - f(G(x)))^2."""
        del key
        x, d = inputs["image"], weights["discriminator"]
        made = self._made(weights, x)
        f, f_made = (features(self.discriminator, d, images, train=False) for images in (x, made))
        of_pixels, of_features = (anomalies.mean_square(e) for e in (x - made, f - f_made))
        return self.pixels * of_pixels + (1.0 - self.pixels) * of_features

    def show(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> Sheet:
        """Images, their reconstructions, the error and histograms of the scores."""
        del key
        x = anomalies.read(batch)
        scores = self.score(weights, {"image": x})
        return anomalies.compared(x, self._made(weights, x), scores, batch)

    def measure(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Scores]:
        """Measures how well the scores rank held-out images."""
        del key
        scores = self.score(weights, {"image": anomalies.read(batch)})
        return anomalies.measured(scores, batch, self.quantile)

    def _made(self, weights: dict[str, Variables], x: Image) -> Image:
        return apply_net(self.generator, weights["generator"], x, train=False)[0]

    def _check(self) -> None:
        check_above(0, adversarial=self.adversarial, latent=self.latent)
        check_above(0, reconstruction=self.reconstruction)
        anomalies.check_quantile(self.quantile)
        if not 0 <= self.pixels <= 1:
            raise InputError(f"algorithm.pixels: {self.pixels} is not in [0, 1]")
