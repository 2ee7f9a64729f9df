"""CycleGAN (Zhu et al. 2017): translation between two sets of images without pairs.

The generator ``ab`` maps domain a to b and ``ba`` maps b to a; ``discriminator_a`` and
``discriminator_b`` tell the reals of a domain from its fakes. Each step: one optimizer step of both
generators, then one of both discriminators, on fakes out of a pool.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.checks import check_domains
from jaxgan.algorithms._parts.networks import create_state, fit, forward, together
from jaxgan.algorithms._parts.optimizer import Decay, Training
from jaxgan.algorithms._parts.translating import check_game, check_weights, game, l1
from jaxgan.core import (
    Algorithm,
    Aux,
    Spec,
    TrainState,
    Translation,
    chain,
    create_pool,
    ema,
    minimize,
    on_pooled,
)
from jaxgan.errors import InputError
from jaxgan.losses import penalties
from jaxgan.losses.adversarial import ObjectiveName, real_rate
from jaxgan.nets import PatchGAN, ResNetGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Logits, PRNGKey, Scalar, Variables

GENERATORS: tuple[str, ...] = ("ab", "ba")
DISCRIMINATORS: tuple[str, ...] = ("discriminator_a", "discriminator_b")
TITLES = ("real A", "fake B", "cycle A", "identity A", "real B", "fake A", "cycle B", "identity B")
_ROWS = 8
"""Of a sheet, at most."""


@dataclass(frozen=True, kw_only=True)
class CycleGAN(Training):
    """Two ``generator`` s and two ``discriminator`` s, of one architecture each."""

    images: ClassVar[tuple[str, ...]] = ("a", "b")
    generator: nn.Module = ResNetGenerator()
    """The nets G (ab) and F (ba)."""
    discriminator: nn.Module = PatchGAN()
    """The nets D_A and D_B."""
    objective: ObjectiveName = "least_squares"
    """What the players minimise; the discriminators' loss is halved."""
    cycle_a: float = 10.0
    """Weight of the cycle loss E|F(G(a)) - a|."""
    cycle_b: float = 10.0
    """Weight of the cycle loss E|G(F(b)) - b|."""
    identity: float = 0.5
    """Weight of the identity losses E|G(b) - b| (times cycle_b) and E|F(a) - a| (times cycle_a); 0
    saves their two forwards."""
    pool_size: int = 50
    """Fakes kept of each domain for the discriminators; 0: they see the newest only."""
    gradient_penalty: float = 0.0
    """Weight of WGAN-GP's penalty on each discriminator."""
    accumulate: int = 1
    """Parts that a batch is computed in, one after the other: less memory, the same gradient."""
    remat: bool = False
    """Compute a generator's activations again in the backward pass, and keep none."""
    decay: Decay = "constant_linear"
    """The learning rate over the run: as it is, or to 0 along a line, half a cosine, or a line that
    begins in the middle."""
    ema_decay: float = 0.0
    """Of the generators' averaged weights, per step; 0 keeps none, as in the paper."""

    def build(self, spec: Spec) -> Algorithm:
        """The algorithm for data of that shape.

        Raises:
          InputError: for a combination that makes no sense, and says why.
        """
        self._check(spec)
        gan = replace(
            self,
            generator=fit(self.generator, spec, self.compute_dtype),
            discriminator=fit(self.discriminator, spec, self.compute_dtype),
        )
        tx = self.transform(self.learning_rate, spec.steps)
        parts = self.accumulate
        step = chain(
            minimize(GENERATORS, gan.generator_loss, tx, "generators", parts),
            on_pooled(
                minimize(DISCRIMINATORS, gan.discriminator_loss, tx, "discriminators", parts)
            ),
        )
        averaged = GENERATORS if self.ema_decay else ()
        step = chain(step, *(ema(name, self.ema_decay) for name in averaged))

        def init(key: PRNGKey, batch: Batch) -> TrainState:
            del batch
            images = jnp.zeros((2, *spec.image_shape))
            nets = dict.fromkeys(GENERATORS, (gan.generator, (images,)))
            nets |= dict.fromkeys(DISCRIMINATORS, (gan.discriminator, (images,)))
            pool = create_pool(spec.images, self.pool_size, spec.image_shape)
            memory = {"pool": pool} if self.pool_size else {}
            return create_state(key, nets, dict.fromkeys(nets, tx), averaged, memory)

        translation = Translation(GENERATORS, getattr(gan.generator, "multiple", 1))
        return Algorithm(
            init, step, gan.predict, gan.preview, titles=TITLES, translation=translation
        )

    def generator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """Adversarial, cycle and identity losses of both directions (equation 3, section 5.2)."""
        del memory
        keys = jax.random.split(key, 4)
        a, b = to_float(batch["a"]), to_float(batch["b"])
        new = dict(variables)
        both = self.identity > 0
        # What goes into one generator goes together: a translation and an identity.
        (fake_b, *same_b), new["ab"] = self._generate(new["ab"], a, *[b] * both, key=keys[0])
        (fake_a, *same_a), new["ba"] = self._generate(new["ba"], b, *[a] * both, key=keys[1])
        (cycle_a,), new["ba"] = self._generate(new["ba"], fake_b, key=keys[2])
        (cycle_b,), new["ab"] = self._generate(new["ab"], fake_a, key=keys[3])
        metrics = {}
        for name, real, fake in (("a", a, fake_a), ("b", b, fake_b)):
            player = f"discriminator_{name}"
            metrics[f"adversarial_{name}"], new[player] = self._fool(new[player], real, fake)
        metrics |= {"cycle_a": l1(cycle_a, a), "cycle_b": l1(cycle_b, b)}
        loss = metrics["adversarial_a"] + metrics["adversarial_b"]
        loss += self.cycle_a * metrics["cycle_a"] + self.cycle_b * metrics["cycle_b"]
        if both:
            metrics |= {"identity_a": l1(same_a[0], a), "identity_b": l1(same_b[0], b)}
            loss += self.identity * self.cycle_a * metrics["identity_a"]
            loss += self.identity * self.cycle_b * metrics["identity_b"]
        return loss, Aux(metrics, new, {"fakes": {"a": fake_a, "b": fake_b}})

    def discriminator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """The sum of both discriminators' losses, on the batch's reals and pooled fakes."""
        del memory
        loss, metrics, new = jnp.zeros(()), {}, dict(variables)
        for i, name in enumerate(("a", "b")):
            player = f"discriminator_{name}"
            real, fake = to_float(batch[name]), batch[f"fake_{name}"]
            logits, new[player] = together(self.discriminator, new[player], real, fake)
            own = game(self.objective).discriminator(*logits)
            if self.gradient_penalty:
                own += self.gradient_penalty * self._penalty(
                    new[player], real, fake, jax.random.fold_in(key, i)
                )
            metrics[f"{player}_loss"] = own
            metrics[f"real_rate_{name}"] = real_rate(self.objective, *logits)
            loss += own
        return loss, Aux(metrics, new)

    def predict(
        self, variables: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> Image:
        """``inputs["a"]`` in domain b, or ``inputs["b"]`` in domain a."""
        del key
        (source, images), *_ = inputs.items()
        player = "ab" if source == "a" else "ba"
        return forward(self.generator, variables[player], images, train=False)[0]

    def preview(self, variables: dict[str, Variables], batch: Batch, key: PRNGKey) -> Any:
        """A row for each pair of the batch (eight at most): :data:`TITLES`."""
        del key
        a, b = (to_float(batch[name][:_ROWS]) for name in ("a", "b"))
        columns = []
        for source, real in (("a", a), ("b", b)):
            other = "b" if source == "a" else "a"
            fake = self.predict(variables, {source: real})
            cycle = self.predict(variables, {other: fake})
            columns += [real, fake, cycle, self.predict(variables, {other: real})]
        return jnp.stack(columns, axis=1)

    # Pieces of the losses.

    def _generate(
        self, variables: Variables, *images: Image, key: PRNGKey
    ) -> tuple[list[Image], Variables]:
        def generate(variables: Variables, *images: Image) -> tuple[list[Image], Variables]:
            return together(self.generator, variables, *images, key=key)

        return (jax.checkpoint(generate) if self.remat else generate)(variables, *images)

    def _fool(self, variables: Variables, real: Image, fake: Image) -> tuple[Scalar, Variables]:
        """The generator's side of the game against one discriminator."""
        compared = (real,) if self.objective == "relativistic" else ()
        logits, variables = together(self.discriminator, variables, fake, *compared)
        return game(self.objective).generator(*logits), variables

    def _penalty(self, variables: Variables, real: Image, fake: Image, key: PRNGKey) -> Scalar:
        def critic(images: Image) -> Logits:
            return forward(self.discriminator, variables, images)[0]

        return penalties.gradient_penalty(critic, real, fake, key)

    def _check(self, spec: Spec) -> None:
        check_domains(spec, self.images)
        check_game(self.objective, self.discriminator, self.gradient_penalty)
        check_weights(cycle_a=self.cycle_a, cycle_b=self.cycle_b, identity=self.identity)
        if self.pool_size < 0:
            raise InputError(f"algorithm.pool_size: {self.pool_size} is below 0; 0 is no pool")
        if self.accumulate < 1:
            raise InputError(f"algorithm.accumulate: {self.accumulate} is below 1")
