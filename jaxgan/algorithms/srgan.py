"""SRGAN (Ledig et al. 2017): super-resolution that favours sharp images over a low pixel error.

A run has two legs. In the first, G learns G(x) = y with the mean squared error of pixels
(SRResNet). In the second, G trains on against a discriminator of large images: G's loss is the
content loss plus 1e-3 times the adversarial loss. A step is one update of D, then one of G on the
same fakes.
"""

from dataclasses import dataclass, replace

import flax.linen as nn
import jax.numpy as jnp
import optax

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.content import Content, frozen_vgg
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.sharing import on_shared_fakes
from jaxgan.algorithms._parts.upscaler import Upscaler
from jaxgan.core import (
    Algorithm,
    Aux,
    Feature,
    Given,
    Leg,
    Spec,
    chain,
    ema,
    minimize,
)
from jaxgan.errors import InputError
from jaxgan.losses.adversarial import nonsaturating, real_rate
from jaxgan.losses.reconstruction import l2
from jaxgan.nets import SRGANDiscriminator, SRResNet
from jaxgan.typing import Batch, Enlarged, PRNGKey, Scalar, Variables
from jaxgan.weights.vgg import PerceptualVGG


@dataclass(frozen=True, kw_only=True)
class SRGAN:
    """``generator`` enlarges images, ``discriminator`` judges enlarged images."""

    generator: nn.Module = SRResNet()
    """Net G: SRResNet, or any other super-resolution net."""
    discriminator: nn.Module = SRGANDiscriminator()
    """Net D."""
    pretraining: float = 0.5
    """Fraction of the steps in the first leg (1,000,000 of 1,200,000 in the paper: 0.83)."""
    content: Content = Content()
    """Content loss of the second leg: pixels by default, VGG's feature maps with a weights file."""
    adversarial: float = 1e-3
    """Weight of -E[log D(G(x))]."""
    residual: bool = False
    """Residual learning: G's output is added to the bicubic enlargement, which needs fewer
    steps."""
    generator_optimizer: Optimizer = Adam(lr=1e-4, b1=0.9)
    """Optimizer of G, new in the second leg; a schedule covers one leg."""
    discriminator_optimizer: Optimizer = Adam(lr=1e-4, b1=0.9)
    """Optimizer of D."""
    ema_decay: float = 0.0
    """Decay per step of the moving average of G's weights; 0: none, as in the paper."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, VGG and losses stay float32."""

    def build(self, spec: Spec) -> list[Leg]:
        """Builds both legs, which share ``spec.decay_steps``; in a longer run the second is longer.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        (image,) = needs(spec, "image")
        self._check()
        self.upscaler.check(image)
        gan = replace(
            self,
            generator=fit(self.generator, image.shape, self.compute_dtype),
            discriminator=fit(self.discriminator, image.shape, self.compute_dtype),
        )
        first = round(self.pretraining * spec.decay_steps)
        second = spec.decay_steps - first
        if min(first, second) < 1:
            raise InputError(
                f"steps: {spec.decay_steps} leaves legs of {first} and {second} steps: use more"
            )
        legs = [Leg(gan.pretrained(image, first), min(first, spec.steps))]
        if spec.steps > first:
            legs.append(Leg(gan.adversary(image, second), spec.steps - first))
        return legs

    def pretrained(self, image: Feature, steps: int) -> Algorithm:
        """The first leg: E[(G(x) - y)^2]."""
        g = self.generator_optimizer.transform(steps, "generator_optimizer")
        step = chain(minimize("generator", self.pixel_loss, g), ema("generator", self.ema_decay))
        up = self.upscaler
        players = {"generator": self._generator(image, g)}
        return assemble(players, step, {"upscale": up.function(image)}, up.show, up.measure)

    def adversary(self, image: Feature, steps: int) -> Algorithm:
        """The second leg: the content loss and D."""
        g = self.generator_optimizer.transform(steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(steps, "discriminator_optimizer")
        vgg, up = self.content.open(), self.upscaler

        def generator_loss(given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
            return self.generator_loss(vgg, given, batch, key)

        step = chain(
            on_shared_fakes(
                self.generate, minimize("discriminator", self.discriminator_loss, d),
                generator_loss, g,
            ),
            ema("generator", self.ema_decay),
        )  # fmt: skip
        players = {
            "generator": self._generator(image, g),
            "discriminator": Network(self.discriminator, (jnp.zeros((2, *image.shape)),), d),
        }
        functions = {"upscale": up.function(image)}
        return assemble(players, step, functions, up.show, up.measure, frozen=frozen_vgg(vgg))

    def generate(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Enlarged, Variables]:
        """G(x), and G's new variables."""
        del key
        x, _ = self.upscaler.pairs(batch)
        return self.upscaler(given.variables["generator"], x)

    def pixel_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[(G(x) - y)^2]."""
        made, g = self.generate(given, batch, key)
        return l2(made, self.upscaler.pairs(batch)[1]), Aux(variables={"generator": g})

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[log D(y)] - E[log(1 - D(G(x)))] (equation 2)."""
        del key
        _, y = self.upscaler.pairs(batch)
        real, d = apply_net(self.discriminator, given.variables["discriminator"], y)
        fake, d = apply_net(self.discriminator, d, batch["fake"])
        metrics = {
            "real_logits": real.mean(),
            "fake_logits": fake.mean(),
            "real_rate": real_rate(nonsaturating, real, fake),
        }
        loss = nonsaturating.discriminator(real, fake)
        return loss, Aux(metrics, {"discriminator": d})

    def generator_loss(
        self, vgg: PerceptualVGG | None, given: Given, batch: Batch, key: PRNGKey
    ) -> tuple[Scalar, Aux]:
        """The content loss plus ``adversarial`` times -E[log D(G(x))] (equation 3)."""
        del key
        _, y = self.upscaler.pairs(batch)
        content = self.content.loss(vgg, given, batch["fake"], y)
        logits, d = apply_net(self.discriminator, given.variables["discriminator"], batch["fake"])
        adversarial = nonsaturating.generator(logits)
        metrics = {"content": content, "adversarial": adversarial, "mse": l2(batch["fake"], y)}
        return content + self.adversarial * adversarial, Aux(metrics, {"discriminator": d})

    @property
    def upscaler(self) -> Upscaler:
        """G with its inputs and outputs."""
        return Upscaler(self.generator, residual=self.residual)

    def _generator(self, image: Feature, tx: optax.GradientTransformation) -> Network:
        s = self.upscaler.scale
        x = jnp.zeros((2, image.shape[0] // s, image.shape[1] // s, image.shape[2]))
        return Network(self.generator, (x,), tx, self.ema_decay > 0)

    def _check(self) -> None:
        check_above(0, adversarial=self.adversarial)
        check_decay(self.ema_decay)
        if not 0 < self.pretraining < 1:
            raise InputError(f"algorithm.pretraining: {self.pretraining} is not in (0, 1)")
