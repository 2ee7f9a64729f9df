"""The Wasserstein loss of a critic with its penalties, as WGAN and ProGAN use it."""

import flax.linen as nn
import jax

from jaxgan.algorithms._parts.networks import apply_net
from jaxgan.algorithms._parts.penalties import Penalties, Transform, unchanged
from jaxgan.losses import real_rate, wasserstein
from jaxgan.typing import Examples, Logits, Metrics, PRNGKey, Scalar, Variables


def critic_loss(
    net: nn.Module,
    variables: Variables,
    real: Examples,
    fake: Examples,
    penalties: Penalties,
    key: PRNGKey,
    augment: Transform = unchanged,
) -> tuple[Scalar, Metrics, Variables]:
    """E[f(T(G(z)))] - E[f(T(x))] plus the penalties.

    Args:
      net: the critic f.
      variables: its variables.
      real: x.
      fake: G(z).
      penalties: the penalties on f.
      key: the key of the penalties and of T.
      augment: the augmentations T.

    Returns:
      The loss, its metrics and the critic's new variables.
    """
    k_real, k_fake = (jax.random.fold_in(key, i) for i in range(2))
    real_scores, variables = apply_net(net, variables, augment(real, k_real))
    fake_scores, variables = apply_net(net, variables, augment(fake, k_fake))

    def critic(examples: Examples) -> Logits:
        return apply_net(net, variables, examples)[0]

    loss = wasserstein.discriminator(real_scores, fake_scores)
    penalty, terms = penalties(critic, real, fake, real_scores, key, augment)
    metrics = {
        "wasserstein_estimate": -loss,
        "real_rate": real_rate(wasserstein, real_scores, fake_scores),
        **terms,
    }
    return loss + penalty, metrics, variables
