"""Wasserstein GANs; weight clipping or a gradient penalty keeps the critic Lipschitz.

Arjovsky et al. 2017, Algorithm 1, and Gulrajani et al. 2017 (WGAN-GP), Algorithm 1: ``n_critic``
updates of the critic f, each on a fresh batch, and then one update of the generator.
"""

from dataclasses import dataclass, replace
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.examples import generated_feature, real_of, size_of
from jaxgan.algorithms._parts.latent import LatentName, Sampler
from jaxgan.algorithms._parts.needs import check_above, check_decay
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms._parts.wasserstein import critic_loss
from jaxgan.core import (
    Algorithm,
    Aux,
    Feature,
    Given,
    Spec,
    TrainState,
    Update,
    chain,
    ema,
    minimize,
    on_last,
    scan_batches,
)
from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.losses import clip_params, wasserstein
from jaxgan.nets import ResidualCritic, ResidualGenerator
from jaxgan.typing import Batch, Metrics, PRNGKey, Scalar


@dataclass(frozen=True, kw_only=True)
class WGAN:
    """``generator`` against a ``critic`` whose scores estimate the Wasserstein distance."""

    generator: nn.Module = ResidualGenerator()
    """Net G."""
    critic: nn.Module = ResidualCritic()
    """Net f, the critic."""
    latent_dim: int = 128
    """Dimension of the latent code z."""
    latent: LatentName = "normal"
    """Distribution of the latent code: N(0, 1) or U(-1, 1) in each coordinate."""
    n_critic: int = 5
    """Number of critic updates, each on a fresh batch, per generator update."""
    penalties: Penalties = Penalties(gradient_penalty=10.0)
    """Penalties on the critic: WGAN-GP."""
    clip: float = 0.0
    """Bound c of weight clipping: critic parameters are clipped to [-c, c] (0.01 in WGAN, without
    penalties); 0: no clipping."""
    generator_batch: int = 1
    """Size of the generator's batch over the critic's (2 in WGAN-GP's CIFAR-10 model)."""
    augment: DiffAugment = DiffAugment()
    """Augmentation of all images that f sees, real and generated; none by default."""
    dequantize: bool = False
    """Dequantisation: U(0, 1/128), the width of one byte level, is added to the reals (WGAN-GP's
    CIFAR-10 model)."""
    generator_optimizer: Optimizer = Adam(b1=0.0, b2=0.9)
    """Optimizer of G."""
    critic_optimizer: Optimizer = Adam(b1=0.0, b2=0.9)
    """Optimizer of f."""
    ema_decay: float = 0.999
    """Decay per step of the moving average of G's weights, smaller in the first steps; 0: none."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, scores and losses stay float32. Gradients, including those of penalties, pass through the
    inner layers in this type and are summed in float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        example = generated_feature(spec)
        self._check(example)
        self.augment.check(example)
        gan = replace(
            self,
            generator=fit(self.generator, example.shape, self.compute_dtype),
            critic=fit(self.critic, example.shape, self.compute_dtype, role="critic"),
        )
        n = self.n_critic
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        f = self.critic_optimizer.transform(spec.decay_steps * n, "critic_optimizer")

        step = chain(
            scan_batches(
                n,
                chain(minimize("critic", gan.critic_loss, f), clip_weights("critic", self.clip)),
            ),
            on_last(n, minimize("generator", gan.generator_loss, g)),
            ema("generator", self.ema_decay),
        )

        z, examples = jnp.zeros((2, self.latent_dim)), jnp.zeros((2, *example.shape))
        return assemble(
            {
                "generator": Network(gan.generator, (z,), g, self.ema_decay > 0),
                "critic": Network(gan.critic, (examples,), f),
            },
            step,
            functions={"sample": gan.sampler.function(example)},
            show=gan.sampler.sheet(example),
            measure=gan.sampler.measure_for(spec),
            batches_per_step=n,
        )

    def critic_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[f(T(G(z)))] - E[f(T(x))] + lambda E[(||grad f(x_hat)|| - 1)^2].

        x_hat lies between T(x) and T(G(z)), with augmentations T.
        """
        k_fake, k_noise, k_penalty = jax.random.split(key, 3)
        real = real_of(batch)
        if self.dequantize:
            real += draw(partial(jax.random.uniform, maxval=1 / 128), k_noise, real.shape)
        n = real.shape[0]
        fake, g = self.sampler.generate(given.variables["generator"], k_fake, n)
        f, net, penalties = given.variables["critic"], self.critic, self.penalties
        loss, metrics, f = critic_loss(net, f, real, fake, penalties, k_penalty, self.augment)
        return loss, Aux(metrics, {"generator": g, "critic": f})

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[f(T(G(z)))]."""
        n = self.generator_batch * size_of(batch)
        fake, g = self.sampler.generate(given.variables["generator"], key, n)
        scores, f = apply_net(self.critic, given.variables["critic"], self.augment(fake, key))
        return wasserstein.generator(scores), Aux(variables={"generator": g, "critic": f})

    @property
    def sampler(self) -> Sampler:
        """The generator as a distribution."""
        return Sampler(self.generator, self.latent_dim, self.latent)

    def _check(self, example: Feature) -> None:
        check_above(1, n_critic=self.n_critic, latent_dim=self.latent_dim)
        check_above(1, generator_batch=self.generator_batch)
        check_above(0, clip=self.clip)
        check_decay(self.ema_decay)
        self.penalties.check(self.critic, "critic")
        if self.dequantize and example.kind != "image":
            raise InputError("algorithm.dequantize: points are no bytes; use False")
        if (self.clip > 0) == self.penalties.smooths:
            raise InputError(
                "algorithm.clip: a critic is kept Lipschitz by clip or by"
                " penalties.gradient_penalty: set one of them above 0 and the other to 0"
            )


def clip_weights(player: str, limit: float) -> Update:
    """Clips every parameter of the player to [-limit, limit]; 0: no clipping."""

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del batch, key
        if not limit:
            return state, {}
        this = state.players[player]
        params = clip_params(this.variables["params"], limit)
        clipped = this.replace(variables={**this.variables, "params": params})
        return state.replace(players={**state.players, player: clipped}), {}

    return update
