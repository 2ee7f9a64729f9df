"""pix2pix (Isola et al. 2017): translation learnt from pairs of images.

G maps x to y. D sees x concatenated with y or with G(x) along the channels. A step is one update of
D, then one of G on the same fakes (adversarial + L1 loss).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.needs import check_above, check_decay, check_pairs, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms._parts.sharing import on_shared_fakes
from jaxgan.algorithms._parts.translation import check_game, game
from jaxgan.core import Algorithm, Aux, Function, Given, Spec, chain, ema, minimize
from jaxgan.losses.adversarial import ObjectiveName, real_rate
from jaxgan.losses.reconstruction import l1
from jaxgan.metrics.mean import Mean
from jaxgan.metrics.psnr import psnr
from jaxgan.nets import PatchGAN, UNetGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Logits, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class Pix2Pix:
    """``generator`` translates, ``discriminator`` judges pairs."""

    generator: nn.Module = UNetGenerator()
    """Net G."""
    discriminator: nn.Module = PatchGAN(norm="batch")
    """Net D; it sees both images concatenated along channels."""
    direction: Literal["ab", "ba"] = "ab"
    """Direction of the translation: from domain a to b, or from b to a."""
    objective: ObjectiveName = "nonsaturating"
    """Adversarial loss; the discriminator's part is halved."""
    l1: float = 100.0
    """Weight of E|G(x) - y|."""
    penalties: Penalties = Penalties()
    """Penalties on D, with gradients with respect to y or G(x)."""
    generator_optimizer: Optimizer = Adam(schedule="constant_linear")
    """Optimizer of G."""
    discriminator_optimizer: Optimizer = Adam(schedule="constant_linear")
    """Optimizer of D."""
    ema_decay: float = 0.0
    """Decay per step of the moving average of G's weights; 0: none, as in the paper."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, scores and losses stay float32. Gradients, including those of penalties, pass through the
    inner layers in this type and are summed in float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        source, target = needs(spec, *self.direction)
        check_pairs(spec, *self.direction)
        check_game(game(self.objective), self.discriminator, self.penalties)
        check_above(0, l1=self.l1)
        check_decay(self.ema_decay)
        both = (*source.shape[:2], source.shape[2] + target.shape[2])
        gan = replace(
            self,
            generator=fit(self.generator, target.shape, self.compute_dtype),
            discriminator=fit(self.discriminator, both, self.compute_dtype),
        )
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(spec.decay_steps, "discriminator_optimizer")

        step = chain(
            on_shared_fakes(
                gan.generate, minimize("discriminator", gan.discriminator_loss, d),
                gan.generator_loss, g,
            ),
            ema("generator", self.ema_decay),
        )  # fmt: skip

        x, pair = jnp.zeros((2, *source.shape)), jnp.zeros((2, *both))
        multiple = getattr(gan.generator, "multiple", 1)
        translate = Function(gan.translate, (self.direction[0],), target, multiple)
        return assemble(
            {
                "generator": Network(gan.generator, (x,), g, self.ema_decay > 0),
                "discriminator": Network(gan.discriminator, (pair,), d),
            },
            step,
            functions={self.direction: translate},
            show=gan.show,
            measure=gan.measure,
        )

    def generate(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Image, Variables]:
        """G(x) with dropout, and G's new variables."""
        x, _ = self._pair(batch)
        return apply_net(self.generator, given.variables["generator"], x, key=key)

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """Half the objective on D(x, y) and D(x, G(x)) (equation 1), plus penalties."""
        x, y = self._pair(batch)
        fake, d = batch["fake"], given.variables["discriminator"]
        real_logits, d = self._judge(d, x, y)
        fake_logits, d = self._judge(d, x, fake)

        def critic(images: Image) -> Logits:
            return self._judge(d, x, images)[0]

        objective = game(self.objective)
        penalty, terms = self.penalties(critic, y, fake, real_logits, key)
        metrics = {
            "real_logits": real_logits.mean(),
            "fake_logits": fake_logits.mean(),
            "real_rate": real_rate(objective, real_logits, fake_logits),
            **terms,
        }
        if objective.lipschitz:
            metrics["wasserstein_estimate"] = metrics["real_logits"] - metrics["fake_logits"]
        loss = objective.discriminator(real_logits, fake_logits) + penalty
        return loss, Aux(metrics, {"discriminator": d})

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The objective on D(x, G(x)), plus the weighted L1 distance to y (equation 4)."""
        del key
        x, y = self._pair(batch)
        objective = game(self.objective)
        logits, d = self._judge(given.variables["discriminator"], x, batch["fake"])
        compared = ()
        if objective.pairs:
            real_logits, d = self._judge(d, x, y)
            compared = (real_logits,)
        adversarial, distance = objective.generator(logits, *compared), l1(batch["fake"], y)
        metrics = {"adversarial": adversarial, "l1": distance}
        return adversarial + self.l1 * distance, Aux(metrics, {"discriminator": d})

    def translate(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> Image:
        """G(x) for images x of the source domain, without dropout."""
        del key
        x = inputs[self.direction[0]]
        return apply_net(self.generator, weights["generator"], x, train=False)[0]

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows height width channels"]]:
        """x, G(x) and y."""
        del key
        (x, y), (source, target) = self._pair(batch), self.direction.upper()
        fake = self.translate(weights, {self.direction[0]: x})
        return {f"real {source}": x, f"fake {target}": fake, f"real {target}": y}

    def measure(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Mean]:
        """``l1``: E|G(x) - y| in [0, 2]; ``psnr`` of G(x) in decibels."""
        del key
        x, y = self._pair(batch)
        fake = self.translate(weights, {self.direction[0]: x})
        values = {"l1": jnp.abs(fake - y).mean((1, 2, 3)), "psnr": psnr(fake + 1, y + 1, 2.0)}
        return {name: Mean.create().update(own) for name, own in values.items()}

    def _pair(self, batch: Batch) -> tuple[Image, Image]:
        source, target = self.direction
        return to_float(batch[source]), to_float(batch[target])

    def _judge(self, d: Variables, x: Image, y: Image) -> tuple[Logits, Variables]:
        return apply_net(self.discriminator, d, jnp.concatenate([x, y], axis=-1))
