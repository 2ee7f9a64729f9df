"""pix2pix (Isola et al. 2017): translation learnt from pairs of images.

G maps x to y; D is shown x together with y or with G(x), on the same channels axis. Each step: D's
update, then G's with the same fakes, towards D's favour and towards y itself.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.checks import check_domains
from jaxgan.algorithms._parts.networks import create_state, fit, forward
from jaxgan.algorithms._parts.optimizer import Decay, Training
from jaxgan.algorithms._parts.sharing import again, forget, generate
from jaxgan.algorithms._parts.translating import check_game, check_weights, game, l1
from jaxgan.core import Algorithm, Aux, Spec, TrainState, Translation, chain, ema, minimize
from jaxgan.errors import InputError
from jaxgan.losses import penalties
from jaxgan.losses.adversarial import ObjectiveName, real_rate
from jaxgan.nets import PatchGAN, UNetGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Logits, Params, PRNGKey, Scalar, Variables

_ROWS = 8
"""Of a sheet, at most."""


@dataclass(frozen=True, kw_only=True)
class Pix2Pix(Training):
    """``generator`` translates, ``discriminator`` judges pairs."""

    images: ClassVar[tuple[str, ...]] = ("a", "b")
    generator: nn.Module = UNetGenerator()
    """The net G."""
    discriminator: nn.Module = PatchGAN(norm="batch")
    """The net D, of both images on top of each other."""
    direction: Literal["ab", "ba"] = "ab"
    """From domain a to b, or from b to a."""
    objective: ObjectiveName = "nonsaturating"
    """What the players minimise; the discriminator's loss is halved."""
    l1: float = 100.0
    """Weight of E|G(x) - y|."""
    gradient_penalty: float = 0.0
    """Weight of WGAN-GP's penalty on the discriminator, to the judged image."""
    decay: Decay = "constant_linear"
    """The learning rate over the run: as it is, or to 0 along a line, half a cosine, or a line that
    begins in the middle."""
    ema_decay: float = 0.0
    """Of the generator's averaged weights, per step; 0 keeps none, as in the paper."""

    def build(self, spec: Spec) -> Algorithm:
        """The algorithm for data of that shape.

        Raises:
          InputError: for a combination that makes no sense, and says why.
        """
        check_domains(spec, self.images)
        if not spec.paired:
            raise InputError(
                "data.source: pix2pix learns from pairs and these images have no partners; use"
                " paired:PATH_A,PATH_B, or the algorithm CycleGAN"
            )
        check_game(self.objective, self.discriminator, self.gradient_penalty)
        check_weights(l1=self.l1)
        height, width, channels = spec.image_shape
        pairs = spec._replace(image_shape=(height, width, 2 * channels))
        gan = replace(
            self,
            generator=fit(self.generator, spec, self.compute_dtype),
            discriminator=fit(self.discriminator, pairs, self.compute_dtype),
        )
        tx = self.transform(self.learning_rate, spec.steps)
        step = chain(
            minimize("discriminator", gan.discriminator_loss, tx),
            minimize("generator", gan.generator_loss, tx),
            forget,
        )
        if self.ema_decay:
            step = chain(step, ema("generator", self.ema_decay))

        def init(key: PRNGKey, batch: Batch) -> TrainState:
            del batch
            nets = {
                "generator": (gan.generator, (jnp.zeros((2, *spec.image_shape)),)),
                "discriminator": (gan.discriminator, (jnp.zeros((2, *pairs.image_shape)),)),
            }
            tx_of = dict.fromkeys(nets, tx)
            return create_state(key, nets, tx_of, ("generator",) if self.ema_decay else ())

        source, target = self.direction.upper()
        return Algorithm(
            init,
            step,
            gan.predict,
            gan.preview,
            titles=(f"real {source}", f"fake {target}", f"real {target}"),
            translation=Translation((self.direction,), getattr(gan.generator, "multiple", 1)),
        )

    def discriminator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """Half the objective on D(x, y) and D(x, G(x)) (equation 1)."""
        del memory
        k_dropout, k_penalty = jax.random.split(key)
        x, y = self._pair(batch)
        g = variables["generator"]

        def translate(params: Params) -> tuple[Image, Variables]:
            return forward(self.generator, {**g, "params": params}, x, key=k_dropout)

        fakes, new = generate(translate, g["params"])
        real_logits, d = self._judge(variables["discriminator"], x, y)
        fake_logits, d = self._judge(d, x, fakes.images)
        loss = game(self.objective).discriminator(real_logits, fake_logits)
        if self.gradient_penalty:

            def critic(images: Image) -> Logits:
                return self._judge(d, x, images)[0]

            penalty = penalties.gradient_penalty(critic, y, fakes.images, k_penalty)
            loss += self.gradient_penalty * penalty
        metrics = {
            "real_logits": real_logits.mean(),
            "fake_logits": fake_logits.mean(),
            "real_rate": real_rate(self.objective, real_logits, fake_logits),
        }
        new = {**new, "params": g["params"]}
        return loss, Aux(metrics, {"generator": new, "discriminator": d}, {"fakes": fakes})

    def generator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """The objective on D(x, G(x)), plus the weighted L1 distance to y (equation 4)."""
        del key
        x, y = self._pair(batch)
        fake = again(variables["generator"]["params"], memory["fakes"])
        logits, d = self._judge(variables["discriminator"], x, fake)
        compared = ()
        if self.objective == "relativistic":
            real_logits, d = self._judge(d, x, y)
            compared = (real_logits,)
        adversarial, distance = game(self.objective).generator(logits, *compared), l1(fake, y)
        metrics = {"adversarial": adversarial, "l1": distance}
        return adversarial + self.l1 * distance, Aux(metrics, {"discriminator": d})

    def predict(
        self, variables: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> Image:
        """``inputs["a"]`` in domain b, or ``inputs["b"]`` in a: ``direction``; no dropout."""
        del key
        images = inputs[self.direction[0]]
        return forward(self.generator, variables["generator"], images, train=False)[0]

    def preview(self, variables: dict[str, Variables], batch: Batch, key: PRNGKey) -> Any:
        """A row for each pair of the batch (eight at most): x, G(x), y."""
        del key
        x, y = (images[:_ROWS] for images in self._pair(batch))
        fake = self.predict(variables, {self.direction[0]: x})
        return jnp.stack([x, fake, y], axis=1)

    def _pair(self, batch: Batch) -> tuple[Image, Image]:
        source, target = self.direction
        return to_float(batch[source]), to_float(batch[target])

    def _judge(self, variables: Variables, x: Image, y: Image) -> tuple[Logits, Variables]:
        return forward(self.discriminator, variables, jnp.concatenate([x, y], axis=-1))
