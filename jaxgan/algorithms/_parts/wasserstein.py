"""The Wasserstein loss of a critic with its penalties, which WGAN and ProGAN share."""

import flax.linen as nn

from jaxgan.algorithms._parts.networks import forward
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.losses import real_rate, wasserstein
from jaxgan.typing import Examples, Logits, Metrics, PRNGKey, Scalar, Variables


def critic_loss(
    net: nn.Module,
    variables: Variables,
    real: Examples,
    fake: Examples,
    penalties: Penalties,
    key: PRNGKey,
) -> tuple[Scalar, Metrics, Variables]:
    """E[f(G(z))] - E[f(x)] plus the penalties.

    Args:
      net: the critic f.
      variables: its variables.
      real: x.
      fake: G(z).
      penalties: on f.
      key: for the penalties.

    Returns:
      The loss, its metrics and the critic's new variables.
    """
    real_scores, variables = forward(net, variables, real)
    fake_scores, variables = forward(net, variables, fake)

    def critic(examples: Examples) -> Logits:
        return forward(net, variables, examples)[0]

    loss = wasserstein.discriminator(real_scores, fake_scores)
    penalty, terms = penalties(critic, real, fake, real_scores, key)
    metrics = {
        "wasserstein_estimate": -loss,
        "real_rate": real_rate(wasserstein, real_scores, fake_scores),
        **terms,
    }
    return loss + penalty, metrics, variables
