"""Adversarial flow models (Lin et al. 2025, arXiv 2511.22475), with one step from noise to data.

z has the shape of an example, and G's loss includes a transport term, E[(G(z) - z)^2]. Among all
maps from noise to data, G then learns the one of least squared distance: the optimal transport map,
which does not depend on the seed. The weight of the term decreases over the run, as the term alone
would be minimal for G(z) = z. The paper also normalizes the adversarial gradient; this model does
not.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.examples import generated_feature, real_of
from jaxgan.algorithms._parts.latent import Sampler
from jaxgan.algorithms._parts.needs import check_above, check_decay
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer, ScheduleName, schedule
from jaxgan.algorithms._parts.points import LINES, transported
from jaxgan.core import (
    Algorithm,
    Aux,
    Given,
    Schedule,
    Spec,
    chain,
    ema,
    minimize,
    on_first,
    on_last,
)
from jaxgan.errors import InputError
from jaxgan.losses import approximate_r1, centering, real_rate, relativistic
from jaxgan.nets import PointDiscriminator, PointGenerator
from jaxgan.nets.traits import mixes_batch
from jaxgan.typing import Batch, Examples, Latent, Logits, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class AFM:
    """``generator`` maps noise of an example's shape to data, against ``discriminator``."""

    generator: nn.Module = PointGenerator()
    """Net G."""
    discriminator: nn.Module = PointDiscriminator()
    """Net D."""
    transport: float = 0.2
    """Weight of the transport term, E[(G(z) - z)^2] over all coordinates, at the first step."""
    transport_end: float = 0.005
    """Weight of the transport term at the end of its schedule."""
    transport_schedule: ScheduleName = "cosine"
    """Schedule of the weight of the transport term, as for a learning rate."""
    penalty: float = 0.25
    """Weight of the approximate R1 and R2."""
    epsilon: float = 0.01
    """Standard deviation of the noise that approximates the gradients of R1 and R2."""
    centering: float = 0.01
    """Weight of E[(D(x) + D(G(z)))^2]."""
    generator_optimizer: Optimizer = Adam(lr=1e-4, b1=0.0, b2=0.9)
    """Optimizer of G."""
    discriminator_optimizer: Optimizer = Adam(lr=1e-4, b1=0.0, b2=0.9)
    """Optimizer of D."""
    ema_decay: float = 0.999
    """Decay per step of the moving average of G's weights, smaller in the first steps; 0: none."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; all else is float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: for a field out of range, or a D whose scores depend on the whole batch.
        """
        example = generated_feature(spec)
        self._check()
        afm = replace(
            self,
            generator=fit(self.generator, example.shape, self.compute_dtype),
            discriminator=fit(self.discriminator, example.shape, self.compute_dtype),
        )
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(spec.decay_steps, "discriminator_optimizer")
        sampler = Sampler(afm.generator, math.prod(example.shape), "normal")
        weights = self.transport, self.transport_schedule, spec.decay_steps, self.transport_end
        generator_loss = partial(afm.generator_loss, weight=schedule(*weights))

        step = chain(
            on_first(1, 2, minimize("discriminator", afm.discriminator_loss, d)),
            on_last(2, minimize("generator", generator_loss, g)),
            ema("generator", self.ema_decay),
        )

        def show(weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Any]:
            z = sampler.draw(jax.random.fold_in(key, 1), LINES)
            fake = sampler.sample(weights, {"z": z}, key)
            columns = sampler.sheet(example)(weights, batch, key)
            return columns if example.kind == "image" else {**columns, **transported(z, fake)}

        z, examples = jnp.zeros((2, sampler.latent_dim)), jnp.zeros((2, *example.shape))
        return assemble(
            {
                "generator": Network(afm.generator, (z,), g, self.ema_decay > 0),
                "discriminator": Network(afm.discriminator, (examples,), d),
            },
            step,
            functions={"sample": sampler.function(example)},
            show=show,
            measure=sampler.measure_for(spec),
            batches_per_step=2,
        )

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[softplus(D(G(z)) - D(x))] plus approximate R1 and R2 and the centering term."""
        k_fake, k_real_noise, k_fake_noise = jax.random.split(key, 3)
        real = real_of(batch)
        _, fake, g = self._moved(given, real, k_fake)
        real_logits, d = apply_net(self.discriminator, given.variables["discriminator"], real)
        fake_logits, d = apply_net(self.discriminator, d, fake)

        def critic(examples: Examples) -> Logits:
            return apply_net(self.discriminator, d, examples)[0]

        loss = relativistic.discriminator(real_logits, fake_logits)
        r1 = approximate_r1(critic, real, k_real_noise, self.epsilon)
        r2 = approximate_r1(critic, fake, k_fake_noise, self.epsilon)
        loss += self.penalty * (r1 + r2) + self.centering * centering(real_logits, fake_logits)
        rate = real_rate(relativistic, real_logits, fake_logits)
        metrics = {"real_rate": rate, "approximate_r1": r1, "approximate_r2": r2}
        return loss, Aux(metrics, {"generator": g, "discriminator": d})

    def generator_loss(
        self, given: Given, batch: Batch, key: PRNGKey, weight: Schedule
    ) -> tuple[Scalar, Aux]:
        """E[softplus(D(x) - D(G(z)))] + weight(t) E[(G(z) - z)^2]."""
        real = real_of(batch)
        z, fake, g = self._moved(given, real, key)
        real_logits, d = apply_net(self.discriminator, given.variables["discriminator"], real)
        fake_logits, d = apply_net(self.discriminator, d, fake)
        distance = jnp.square(fake - z.reshape(fake.shape)).mean()
        loss = relativistic.generator(fake_logits, real_logits) + weight(given.step) * distance
        return loss, Aux({"transport": distance}, {"generator": g, "discriminator": d})

    def _moved(
        self, given: Given, real: Examples, key: PRNGKey
    ) -> tuple[Latent, Examples, Variables]:
        """Noise z and G(z), one of each per real example, and G's new variables."""
        k_latent, k_net = jax.random.split(key)
        size = math.prod(real.shape[1:])
        z = Sampler(self.generator, size, "normal").draw(k_latent, real.shape[0])
        fake, g = apply_net(self.generator, given.variables["generator"], z, key=k_net)
        return z, fake, g

    def _check(self) -> None:
        check_above(0, transport=self.transport, transport_end=self.transport_end)
        check_above(0, penalty=self.penalty, centering=self.centering)
        check_decay(self.ema_decay)
        if not self.epsilon > 0:
            raise InputError(f"algorithm.epsilon: {self.epsilon} is not above 0; use 0.01")
        if mixes_batch(self.discriminator):
            raise InputError(
                "algorithm.discriminator.norm: the penalty needs a score that depends on one"
                " example alone, and batch norm mixes the batch; use layer, instance, spectral or"
                " none"
            )
