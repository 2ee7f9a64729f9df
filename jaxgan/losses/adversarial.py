"""Adversarial objectives: pure functions of logits, in the papers' notation.

Each :class:`Objective` holds the discriminator's loss and the generator's loss. Logits have any
shape, ``(batch,)`` or ``(batch, h, w)``; a loss is the mean over all of them.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxgan.core.sharding import draw
from jaxgan.typing import PRNGKey, Scalar

Scores = Float[Array, "*any"]
Targets = Float[Array, "*any"] | float
ObjectiveName = Literal[
    "minimax", "nonsaturating", "least_squares", "wasserstein", "hinge", "relativistic"
]


class Objective(NamedTuple):
    """The losses of discriminator and generator, both to be minimised."""

    discriminator: Callable[..., Any]
    """Function ``(real_logits, fake_logits) -> scalar``. The cross-entropy losses also take
    targets."""
    generator: Callable[..., Any]
    """Function ``(fake_logits, real_logits=None) -> scalar``."""
    scale: float = 1.0
    """Factor in front of the losses in the paper: 1/2 for least squares."""
    threshold: float | None = 0.0
    """Score above which D accepts an image as real; None: the score of the fake in the same
    pair."""
    pairs: bool = False
    """Whether the generator's loss needs ``real_logits``."""
    lipschitz: bool = False
    """Whether the discriminator must be kept Lipschitz by other means."""
    targets: bool = False
    """Whether the discriminator's loss takes ``real_targets`` and ``fake_targets``."""


def _cross_entropy_discriminator(
    real_logits: Scores,
    fake_logits: Scores,
    real_targets: Targets = 1.0,
    fake_targets: Targets = 0.0,
) -> Scalar:
    """-E[t log D(x)] - E[(1 - t) log(1 - D(x))] over reals, plus that over fakes, not halved."""
    real = optax.sigmoid_binary_cross_entropy(real_logits, jnp.asarray(real_targets))
    fake = optax.sigmoid_binary_cross_entropy(fake_logits, jnp.asarray(fake_targets))
    return real.mean() + fake.mean()


def _minimax_generator(fake_logits: Scores, real_logits: Scores | None = None) -> Scalar:
    """E[log(1 - D(G(z)))]."""
    del real_logits
    return -jax.nn.softplus(fake_logits).mean()


def _nonsaturating_generator(fake_logits: Scores, real_logits: Scores | None = None) -> Scalar:
    """-E[log D(G(z))]."""
    del real_logits
    return jax.nn.softplus(-fake_logits).mean()


def _least_squares_discriminator(real_logits: Scores, fake_logits: Scores) -> Scalar:
    """1/2 E[(D(x) - 1)^2] + 1/2 E[D(G(z))^2]."""
    return 0.5 * jnp.square(real_logits - 1.0).mean() + 0.5 * jnp.square(fake_logits).mean()


def _least_squares_generator(fake_logits: Scores, real_logits: Scores | None = None) -> Scalar:
    """1/2 E[(D(G(z)) - 1)^2]."""
    del real_logits
    return 0.5 * jnp.square(fake_logits - 1.0).mean()


def _wasserstein_critic(real_logits: Scores, fake_logits: Scores) -> Scalar:
    """E[f(G(z))] - E[f(x)], the negative estimate of the distance."""
    return fake_logits.mean() - real_logits.mean()


def _raise_score(fake_logits: Scores, real_logits: Scores | None = None) -> Scalar:
    """-E[f(G(z))]."""
    del real_logits
    return -fake_logits.mean()


def _hinge_discriminator(real_logits: Scores, fake_logits: Scores) -> Scalar:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
    return jax.nn.relu(1.0 - real_logits).mean() + jax.nn.relu(1.0 + fake_logits).mean()


def _relativistic_discriminator(real_logits: Scores, fake_logits: Scores) -> Scalar:
    """E[softplus(-(D(x) - D(G(z))))], with each real paired with one fake."""
    _same_shape(real_logits, fake_logits)
    return jax.nn.softplus(fake_logits - real_logits).mean()


def _relativistic_generator(fake_logits: Scores, real_logits: Scores | None = None) -> Scalar:
    """E[softplus(-(D(G(z)) - D(x)))].

    Raises:
      ValueError: ``real_logits`` are missing, with which this objective compares the fakes.
    """
    if real_logits is None:
        raise ValueError("real_logits: the relativistic generator loss needs the reals' logits")
    _same_shape(real_logits, fake_logits)
    return jax.nn.softplus(real_logits - fake_logits).mean()


def _same_shape(real_logits: Scores, fake_logits: Scores) -> None:
    if real_logits.shape != fake_logits.shape:
        raise ValueError(
            f"real_logits {real_logits.shape} and fake_logits {fake_logits.shape} are compared in"
            " pairs and need one shape"
        )


minimax = Objective(_cross_entropy_discriminator, _minimax_generator, targets=True)
"""Goodfellow et al. 2014, equation 1. The generator's gradient vanishes where D wins."""

nonsaturating = Objective(_cross_entropy_discriminator, _nonsaturating_generator, targets=True)
"""Goodfellow et al. 2014, section 3: the generator maximises log D(G(z)) instead."""

least_squares = Objective(
    _least_squares_discriminator, _least_squares_generator, scale=0.5, threshold=0.5
)
"""LSGAN (Mao et al. 2017), equation 9: a = 0, b = c = 1."""

wasserstein = Objective(_wasserstein_critic, _raise_score, threshold=None, lipschitz=True)
"""WGAN (Arjovsky et al. 2017), Algorithm 1; the critic must be kept Lipschitz by other means."""

hinge = Objective(_hinge_discriminator, _raise_score)
"""Lim and Ye 2017; SNGAN (Miyato et al. 2018), equations 16 and 17."""

relativistic = Objective(
    _relativistic_discriminator, _relativistic_generator, threshold=None, pairs=True
)
"""RpGAN (Jolicoeur-Martineau 2019); R3GAN (Huang et al. 2024), equation 2."""


def real_rate(objective: Objective, real_logits: Scores, fake_logits: Scores) -> Scalar:
    """(1 + E[sign(D(x) - t)]) / 2: the fraction of real images that D accepts.

    t is ``objective.threshold``. If that is None, t is the score D(G(z)) of the fake paired with
    the real. Patches count one by one, and a tie counts half.

    A rate that stays near 1 means D is overfitting; 0.5 means D cannot tell real from fake.

    Reference: Karras et al. 2020 (ADA), equation 1, whose r_t is E[sign(D(x))].
    """
    threshold = objective.threshold
    if threshold is None:
        _same_shape(real_logits, fake_logits)
        threshold = fake_logits
    return (1.0 + jnp.sign(real_logits - threshold).mean()) / 2.0


def noisy_targets(
    key: PRNGKey, shape: tuple[int, ...], real_label: float = 1.0, flip: float = 0.0
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Targets ``(real, fake)`` for the cross-entropy: one-sided label smoothing and flipped labels.

    Reals get ``real_label`` (0.9 in Salimans et al. 2016, section 3.4) and fakes get 0. With
    probability ``flip``, an example gets the other target.
    """
    exchanged = draw(lambda k, s: jax.random.bernoulli(k, flip, s), key, (*shape, 2))
    real = jnp.where(exchanged[..., 0], 0.0, real_label)
    fake = jnp.where(exchanged[..., 1], real_label, 0.0)
    return real, fake


def get(name: ObjectiveName) -> Objective:
    """The objective with that name."""
    return {
        "minimax": minimax,
        "nonsaturating": nonsaturating,
        "least_squares": least_squares,
        "wasserstein": wasserstein,
        "hinge": hinge,
        "relativistic": relativistic,
    }[name]
