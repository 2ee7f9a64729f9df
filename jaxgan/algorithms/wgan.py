"""Wasserstein GANs, kept Lipschitz by clipped weights or by a gradient penalty.

Arjovsky et al. 2017, Algorithm 1, and Gulrajani et al. 2017 (WGAN-GP), Algorithm 1: ``n_critic``
updates of the critic f, each on a fresh batch, then one of the generator.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.checks import check_domains, check_n_critic, check_smooth
from jaxgan.algorithms._parts.latent import LatentName, Sampler
from jaxgan.algorithms._parts.networks import create_state, fit, forward
from jaxgan.algorithms._parts.optimizer import Training
from jaxgan.algorithms.gan import alternate
from jaxgan.core import Algorithm, Aux, Spec, TrainState, Update, chain, ema, minimize
from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.losses import clip_params, gradient_penalty, real_rate, wasserstein
from jaxgan.nets import ResidualCritic, ResidualGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Logits, Metrics, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class WGAN(Training):
    """``generator`` against a ``critic`` whose scores estimate the Wasserstein distance."""

    generator: nn.Module = ResidualGenerator()
    """The net G."""
    critic: nn.Module = ResidualCritic()
    """The net f."""
    latent_dim: int = 128
    """Numbers in a latent code."""
    latent: LatentName = "normal"
    """The code's distribution: N(0, 1) or U(-1, 1)."""
    critic_learning_rate: float | None = None
    """None: the same as learning_rate."""
    b1: float = 0.0
    """Adam's decay of the gradient's mean."""
    b2: float = 0.9
    """Adam's decay of the squared gradient's mean."""
    n_critic: int = 5
    """Critic updates, each on a fresh batch, before one of the generator."""
    gradient_penalty: float = 10.0
    """Its weight, lambda; 0 where the weights are clipped instead."""
    clip: float = 0.0
    """Limit of every critic parameter (.01 in WGAN); 0 clips nothing."""
    generator_batch: int = 1
    """The generator's batch as a multiple of the critic's (2 in WGAN-GP's CIFAR-10 model)."""
    dequantize: bool = False
    """Adds U(0, 1/128), a byte's width, to the reals (WGAN-GP's CIFAR-10 model)."""

    def build(self, spec: Spec) -> Algorithm:
        """The algorithm for data of that shape.

        Raises:
          InputError: for a combination that makes no sense, and says why.
        """
        check_domains(spec, self.images)
        self._check()
        gan = replace(
            self,
            generator=fit(self.generator, spec, self.compute_dtype),
            critic=fit(self.critic, spec, self.compute_dtype),
        )
        rate = self.critic_learning_rate or self.learning_rate
        tx = {
            "generator": self.transform(self.learning_rate, spec.steps),
            "critic": self.transform(rate, spec.steps * self.n_critic),
        }
        critic = minimize("critic", gan.critic_loss, tx["critic"])
        if self.clip:
            critic = chain(critic, clip_weights("critic", self.clip))
        generator = minimize("generator", gan.generator_loss, tx["generator"])
        step = alternate(critic, generator, self.n_critic)
        if self.ema_decay:
            step = chain(step, ema("generator", self.ema_decay))

        def init(key: PRNGKey, batch: Batch) -> TrainState:
            del batch
            nets = {
                "generator": (gan.generator, (jnp.zeros((2, self.latent_dim)),)),
                "critic": (gan.critic, (jnp.zeros((2, *spec.image_shape)),)),
            }
            return create_state(key, nets, tx, averaged=("generator",) if self.ema_decay else ())

        return Algorithm(init, step, gan.sampler.predict, gan.sampler.preview, self.n_critic)

    def critic_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """E[f(G(z))] - E[f(x)] + lambda E[(||grad f(x_hat)|| - 1)^2]."""
        del memory
        k_latent, k_noise, k_penalty = jax.random.split(key, 3)
        real = to_float(batch["image"])
        if self.dequantize:
            real += draw(partial(jax.random.uniform, maxval=1 / 128), k_noise, real.shape)
        fake, g = self.sampler.generate(variables, k_latent, real.shape[0], None)
        real_scores, f = forward(self.critic, variables["critic"], real)
        fake_scores, f = forward(self.critic, f, fake)

        def critic(images: Image) -> Logits:
            return forward(self.critic, f, images)[0]

        loss = wasserstein.discriminator(real_scores, fake_scores)
        metrics = {
            "wasserstein_estimate": -loss,
            "real_rate": real_rate("wasserstein", real_scores, fake_scores),
        }
        if self.gradient_penalty:
            penalty = gradient_penalty(critic, real, fake, k_penalty)
            metrics["gradient_penalty"] = penalty
            loss += self.gradient_penalty * penalty
        return loss, Aux(metrics, {"generator": g, "critic": f})

    def generator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """-E[f(G(z))]."""
        del memory
        n = self.generator_batch * batch["image"].shape[0]
        fake, g = self.sampler.generate(variables, key, n, None)
        scores, f = forward(self.critic, variables["critic"], fake)
        return wasserstein.generator(scores), Aux(variables={"generator": g, "critic": f})

    @property
    def sampler(self) -> Sampler:
        """The generator as a distribution."""
        return Sampler(self.generator, self.latent_dim, self.latent, 0)

    def _check(self) -> None:
        check_n_critic(self.n_critic)
        check_smooth(self.critic, "critic", self.gradient_penalty)
        if bool(self.clip) == bool(self.gradient_penalty):
            raise InputError(
                "algorithm.clip: a critic is kept Lipschitz by clip or by gradient_penalty: set"
                " one of them above 0 and the other to 0"
            )


def clip_weights(player: str, limit: float) -> Update:
    """Clips every parameter of the player to [-limit, limit]."""

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del batch, key
        this = state.players[player]
        params = clip_params(this.variables["params"], limit)
        clipped = this.replace(variables={**this.variables, "params": params})
        return state.replace(players={**state.players, player: clipped}), {}

    return update
