"""CycleGAN (Zhu et al. 2017): translation between two sets of images without pairs.

The generator ``ab`` maps domain a to b and ``ba`` maps b to a; ``discriminator_a`` and
``discriminator_b`` tell real images of a domain from fakes. A step is one optimizer step of both
generators, then one of both discriminators on fakes from a pool.
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit, together
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms._parts.translation import check_game, game
from jaxgan.core import (
    Algorithm,
    Aux,
    Feature,
    Function,
    Given,
    Spec,
    chain,
    create_pool,
    ema,
    minimize,
    on_pooled,
)
from jaxgan.errors import InputError
from jaxgan.losses.adversarial import ObjectiveName, real_rate
from jaxgan.losses.reconstruction import l1
from jaxgan.metrics.mean import Mean
from jaxgan.nets import PatchGAN, ResNetGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Logits, PRNGKey, Scalar, Variables

GENERATORS: tuple[str, ...] = ("ab", "ba")
DISCRIMINATORS: tuple[str, ...] = ("discriminator_a", "discriminator_b")


@dataclass(frozen=True, kw_only=True)
class CycleGAN:
    """Two generators of one architecture, and two discriminators of another."""

    generator: nn.Module = ResNetGenerator()
    """Nets G (ab) and F (ba)."""
    discriminator: nn.Module = PatchGAN()
    """Nets D_A and D_B."""
    objective: ObjectiveName = "least_squares"
    """Adversarial loss; the discriminators' part is halved."""
    cycle_a: float = 10.0
    """Weight of the cycle loss E|F(G(a)) - a|."""
    cycle_b: float = 10.0
    """Weight of the cycle loss E|G(F(b)) - b|."""
    identity: float = 0.5
    """Weight of the identity losses E|G(b) - b| (times cycle_b) and E|F(a) - a| (times cycle_a); 0
    also saves their two forward passes."""
    pool_size: int = 50
    """Number of earlier fakes in the pool of each domain, for the discriminators; 0: no pool."""
    penalties: Penalties = Penalties()
    """Penalties on each discriminator."""
    accumulate: int = 1
    """Number of parts of a batch for gradient accumulation: less memory, the same gradient."""
    remat: bool = False
    """Rematerialisation: a generator's activations are recomputed in the backward pass."""
    generator_optimizer: Optimizer = Adam(schedule="constant_linear")
    """Optimizer of both generators."""
    discriminator_optimizer: Optimizer = Adam(schedule="constant_linear")
    """Optimizer of both discriminators."""
    ema_decay: float = 0.0
    """Decay per step of the moving averages of G's and F's weights; 0: none, as in the paper."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, scores and losses stay float32. Gradients, including those of penalties, pass through the
    inner layers in this type and are summed in float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        a, b = needs(spec, "a", "b")
        self._check(a, b)
        gan = replace(
            self,
            generator=fit(self.generator, a.shape, self.compute_dtype),
            discriminator=fit(self.discriminator, a.shape, self.compute_dtype),
        )
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(spec.decay_steps, "discriminator_optimizer")
        parts = self.accumulate

        step = chain(
            minimize(GENERATORS, gan.generator_loss, g, "generators", parts),
            on_pooled(minimize(DISCRIMINATORS, gan.discriminator_loss, d, "discriminators", parts)),
            *(ema(name, self.ema_decay) for name in GENERATORS),
        )

        def memory() -> dict[str, Any]:
            names, room = ("fake_a", "fake_b"), self.pool_size
            return {"pool": create_pool(names, room, a.shape)} if room else {}

        images = (jnp.zeros((2, *a.shape)),)
        players = dict.fromkeys(GENERATORS, Network(gan.generator, images, g, self.ema_decay > 0))
        players |= dict.fromkeys(DISCRIMINATORS, Network(gan.discriminator, images, d))
        multiple = getattr(gan.generator, "multiple", 1)
        functions = {
            "ab": Function(gan.translate_ab, ("a",), b, multiple),
            "ba": Function(gan.translate_ba, ("b",), a, multiple),
        }
        return assemble(players, step, functions, gan.show, gan.measure, memory)

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """Adversarial, cycle and identity losses of both directions (equation 3, section 5.2)."""
        keys = jax.random.split(key, 4)
        a, b = to_float(batch["a"]), to_float(batch["b"])
        new = dict(given.variables)
        # Inputs of one generator share a forward pass: one for translation, one for the identity.
        into_ab, into_ba = ((a, b), (b, a)) if self.identity else ((a,), (b,))
        (fake_b, *same_b), new["ab"] = self._generate(new["ab"], *into_ab, key=keys[0])
        (fake_a, *same_a), new["ba"] = self._generate(new["ba"], *into_ba, key=keys[1])
        (cycle_a,), new["ba"] = self._generate(new["ba"], fake_b, key=keys[2])
        (cycle_b,), new["ab"] = self._generate(new["ab"], fake_a, key=keys[3])
        metrics = {}
        for name, real, fake in (("a", a, fake_a), ("b", b, fake_b)):
            player = f"discriminator_{name}"
            metrics[f"adversarial_{name}"], new[player] = self._fool(new[player], real, fake)
        metrics |= {"cycle_a": l1(cycle_a, a), "cycle_b": l1(cycle_b, b)}
        loss = metrics["adversarial_a"] + metrics["adversarial_b"]
        loss += self.cycle_a * metrics["cycle_a"] + self.cycle_b * metrics["cycle_b"]
        if self.identity:
            metrics |= {"identity_a": l1(same_a[0], a), "identity_b": l1(same_b[0], b)}
            loss += self.identity * self.cycle_a * metrics["identity_a"]
            loss += self.identity * self.cycle_b * metrics["identity_b"]
        return loss, Aux(metrics, new, rows={"fake_a": fake_a, "fake_b": fake_b})

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The sum of both discriminators' losses on reals of the batch and fakes from the pool."""
        loss, metrics, new = jnp.zeros(()), {}, dict(given.variables)
        objective = game(self.objective)
        for i, name in enumerate(("a", "b")):
            player = f"discriminator_{name}"
            real, fake = to_float(batch[name]), batch[f"fake_{name}"]
            logits, new[player] = together(self.discriminator, new[player], real, fake)
            k_penalty = jax.random.fold_in(key, i)
            penalty, terms = self._penalty(new[player], real, fake, logits[0], k_penalty)
            own = objective.discriminator(*logits) + penalty
            metrics |= {f"{term}_{name}": value for term, value in terms.items()}
            metrics[f"{player}_loss"] = own
            metrics[f"real_rate_{name}"] = real_rate(objective, *logits)
            if objective.lipschitz:
                metrics[f"wasserstein_estimate_{name}"] = logits[0].mean() - logits[1].mean()
            loss += own
        return loss, Aux(metrics, new)

    # Functions of a trained run.

    def translate_ab(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> Image:
        """``inputs["a"]`` in domain b: G(a)."""
        del key
        return apply_net(self.generator, weights["ab"], inputs["a"], train=False)[0]

    def translate_ba(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> Image:
        """``inputs["b"]`` in domain a: F(b)."""
        del key
        return apply_net(self.generator, weights["ba"], inputs["b"], train=False)[0]

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows height width channels"]]:
        """The images, their translations, the translations back, and the identities."""
        del key
        a, b = to_float(batch["a"]), to_float(batch["b"])

        def ab(images: Image) -> Image:
            return self.translate_ab(weights, {"a": images})

        def ba(images: Image) -> Image:
            return self.translate_ba(weights, {"b": images})

        fake_a, fake_b = ba(b), ab(a)
        columns = {"real A": a, "fake B": fake_b, "cycle A": ba(fake_b), "identity A": ba(a)}
        return {
            **columns, "real B": b, "fake A": fake_a, "cycle B": ab(fake_a), "identity B": ab(b)
        }  # fmt: skip

    def measure(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Mean]:
        """``cycle_a`` and ``cycle_b``: E|F(G(a)) - a| and E|G(F(b)) - b| in [0, 2]."""
        del key
        a, b = to_float(batch["a"]), to_float(batch["b"])
        back_a = self.translate_ba(weights, {"b": self.translate_ab(weights, {"a": a})})
        back_b = self.translate_ab(weights, {"a": self.translate_ba(weights, {"b": b})})
        pairs = {"cycle_a": (back_a, a), "cycle_b": (back_b, b)}
        return {
            name: Mean.create().update(jnp.abs(x - y).mean((1, 2, 3)))
            for name, (x, y) in pairs.items()
        }

    # Pieces of the losses.

    def _generate(
        self, variables: Variables, *images: Image, key: PRNGKey
    ) -> tuple[list[Image], Variables]:
        def generate(variables: Variables, *images: Image) -> tuple[list[Image], Variables]:
            return together(self.generator, variables, *images, key=key)

        return (jax.checkpoint(generate) if self.remat else generate)(variables, *images)

    def _fool(self, variables: Variables, real: Image, fake: Image) -> tuple[Scalar, Variables]:
        """The adversarial loss of a generator against one discriminator."""
        objective = game(self.objective)
        compared = (real,) if objective.pairs else ()
        logits, variables = together(self.discriminator, variables, fake, *compared)
        return objective.generator(*logits), variables

    def _penalty(
        self, d: Variables, real: Image, fake: Image, real_logits: Logits, key: PRNGKey
    ) -> tuple[Scalar, dict[str, Scalar]]:
        def critic(images: Image) -> Logits:
            return apply_net(self.discriminator, d, images)[0]

        return self.penalties(critic, real, fake, real_logits, key)

    def _check(self, a: Feature, b: Feature) -> None:
        if a.shape != b.shape:
            raise InputError(
                f"data.channels: domain a has {a.shape[-1]} channels and domain b {b.shape[-1]};"
                f" use one number for both, such as --data.channels {max(a.shape[-1], b.shape[-1])}"
            )
        check_game(game(self.objective), self.discriminator, self.penalties)
        check_above(0, cycle_a=self.cycle_a, cycle_b=self.cycle_b, identity=self.identity)
        check_above(0, pool_size=self.pool_size)
        check_decay(self.ema_decay)
        check_above(1, accumulate=self.accumulate)
