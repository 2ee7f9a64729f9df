"""Penalties on a discriminator as hyperparameters, and their weighted sum."""

from collections.abc import Callable
from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.optimizer import ScheduleName, schedule
from jaxgan.core import Schedule
from jaxgan.errors import InputError
from jaxgan.losses import penalties
from jaxgan.nets.traits import mixes_batch
from jaxgan.typing import Critic, Examples, Logits, Metrics, PRNGKey, Scalar

Transform = Callable[[Examples, PRNGKey], Examples]


def unchanged(examples: Examples, key: PRNGKey) -> Examples:
    """The examples, unchanged: the identity as a transform."""
    del key
    return examples


@dataclass(frozen=True, kw_only=True)
class Penalties:
    """Weights of the penalties on a discriminator; 0: a penalty is not used."""

    gradient_penalty: float = 0.0
    """Weight lambda of WGAN-GP's E[(||grad D(x_hat)|| - 1)^2] (10 in the paper)."""
    r1: float = 0.0
    """Weight gamma of R1, gamma/2 E||grad D(x)||^2 over reals."""
    r2: float = 0.0
    """Weight gamma of R2, gamma/2 E||grad D(G(z))||^2 over fakes."""
    drift: float = 0.0
    """Weight of E[D(x)^2] (0.001 in ProGAN)."""
    every: int = 1
    """Interval of lazy regularization: penalties are computed at every k-th update of the
    discriminator, with k times the weight (Karras et al. 2020, StyleGAN2)."""
    schedule: ScheduleName = "constant"
    """Schedule of a factor of all weights: constant 1, or from 1 to ``end`` like a learning
    rate."""
    end: float = 0.0
    """Factor of all weights at the end of the schedule (0.1 in R3GAN)."""

    def __bool__(self) -> bool:
        """Whether any penalty is used."""
        return any((self.gradient_penalty, self.r1, self.r2, self.drift))

    @property
    def smooths(self) -> bool:
        """Whether a penalty bounds the gradient of D."""
        return any((self.gradient_penalty, self.r1, self.r2))

    def factor(self, steps: int) -> Schedule:
        """The factor of all weights, as a schedule over ``steps`` training steps."""
        return schedule(1.0, self.schedule, steps, self.end)

    def __call__(
        self,
        critic: Critic,
        real: Examples,
        fake: Examples,
        real_logits: Logits,
        key: PRNGKey,
        augment: Transform = unchanged,
    ) -> tuple[Scalar, Metrics]:
        """The weighted sum, without :meth:`factor`, and the unweighted terms by name.

        Args:
          critic: D.
          real: x, not augmented.
          fake: G(z), not augmented.
          real_logits: D's scores of reals.
          key: the key of all random numbers.
          augment: the augmentations T of D's inputs. R1 and R2 use the gradient of D(T(x)) with
            respect to x, as the code of ADA and R3GAN does. WGAN-GP's x_hat lies between T(x) and
            T(G(z)), so that it bounds the critic on the critic's own inputs.
        """
        k_real, k_fake = (jax.random.fold_in(key, i) for i in (2, 3))
        terms = {}
        if self.gradient_penalty:
            ends = augment(real, k_real), augment(fake, k_fake)
            term = penalties.gradient_penalty(critic, *ends, key)
            terms["gradient_penalty"] = (self.gradient_penalty, term)
        if self.r1:
            term = penalties.r1(lambda x: critic(augment(x, k_real)), real)
            terms["r1"] = (self.r1 / 2, term)
        if self.r2:
            term = penalties.r2(lambda x: critic(augment(x, k_fake)), fake)
            terms["r2"] = (self.r2 / 2, term)
        if self.drift:
            terms["drift"] = (self.drift, penalties.drift(real_logits))
        total = jnp.zeros(())
        for weight, term in terms.values():
            total += self.every * weight * term
        return total, {name: term for name, (_, term) in terms.items()}

    def check(
        self, net: nn.Module, player: str, lazy: bool = False, scheduled: bool = False
    ) -> None:
        """Checks the fields, and that the net allows these penalties.

        Args:
          net: the discriminator or critic.
          player: its name in the config.
          lazy: whether the method supports lazy regularization.
          scheduled: whether the method multiplies the penalties by their factor.

        Raises:
          InputError: for a negative weight, an interval or schedule that the method does not
            support, or a gradient penalty on a net whose scores depend on the whole batch.
        """
        for name in ("gradient_penalty", "r1", "r2", "drift", "end"):
            if not getattr(self, name) >= 0:
                raise InputError(f"algorithm.penalties.{name}: {getattr(self, name)} is below 0")
        if self.schedule != "constant" and not scheduled:
            raise InputError(
                f"algorithm.penalties.schedule: {self.schedule} is not offered by this method; use"
                " constant"
            )
        if self.every < 1 or (self.every > 1 and not lazy):
            most = "below 1" if self.every < 1 else "above 1, which this method does not offer"
            raise InputError(f"algorithm.penalties.every: {self.every} is {most}; use 1")
        if self.smooths and mixes_batch(net):
            raise InputError(
                f"algorithm.{player}.norm: a gradient penalty needs a score that depends on one"
                " image alone, and batch norm mixes the batch; use layer, instance, spectral or"
                " none"
            )
