"""Terms of the evidence lower bound and of its importance-weighted form, in nats.

log p(x) >= E_q[log p(x|z)] - KL(q(z|x) || p(z)), with q(z|x) = N(mu, diag sigma^2) and the prior
p(z) = N(0, I) (Kingma and Welling 2014). A likelihood is summed over pixels, not averaged, because
the KL is also in nats per image.
"""

import math

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxgan.typing import Scalar

Rows = Float[Array, "*batch latent"]
PerExample = Float[Array, "*batch"]
Pixels = Float[Array, "*batch height width channels"]


def kl_from_standard_normal(mean: Rows, log_variance: Rows) -> Rows:
    """KL(N(mu, sigma^2) || N(0, 1)) = (mu^2 + sigma^2 - 1 - log sigma^2) / 2 by dimension."""
    return 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1.0 - log_variance)


def with_free_bits(kl: Float[Array, "batch latent"], least: float) -> Scalar:
    """sum_j max(least, E[KL_j]): each latent dimension j gets ``least`` nats of KL for free.

    Args:
      kl: KL of each dimension of each code.
      least: free nats per dimension.

    Reference: Kingma et al. 2016, Improved variational inference with inverse autoregressive flow,
    appendix C.8.
    """
    return jnp.maximum(kl.mean(0), least).sum()


def log_normal(z: Rows, mean: Rows, log_variance: Rows) -> PerExample:
    """Log N(z; mu, diag sigma^2)."""
    squared = jnp.square(z - mean) * jnp.exp(-log_variance)
    return -0.5 * (squared + log_variance + math.log(2.0 * math.pi)).sum(-1)


def log_bernoulli(x: Pixels, logits: Pixels) -> PerExample:
    """Log p(x|z) = sum_i x_i log p_i + (1 - x_i) log(1 - p_i) with p = sigmoid(logits).

    Args:
      x: pixels in [0, 1]; grey values act as probabilities.
      logits: logits of the pixels.
    """
    return -optax.sigmoid_binary_cross_entropy(logits, x).sum((-3, -2, -1))


def log_gaussian(x: Pixels, mean: Pixels, deviation: float) -> PerExample:
    """Log p(x|z) = sum_i log N(x_i; mu_i, s^2), with one standard deviation s for all pixels."""
    constant = math.log(deviation) + 0.5 * math.log(2.0 * math.pi)
    squared = jnp.square((x - mean) / deviation)
    return -(0.5 * squared + constant).sum((-3, -2, -1))


def importance_weighted(log_weights: Float[Array, "k *batch"]) -> PerExample:
    """Log 1/k sum_i w_i with w_i = p(x|z_i) p(z_i) / q(z_i|x) and z_i ~ q(z|x).

    Its expectation is at most log p(x) and grows with k. For k = 1 it is the evidence lower bound.

    Reference: Burda et al. 2016, Importance weighted autoencoders, equation 8.
    """
    return jax.nn.logsumexp(log_weights, axis=0) - math.log(log_weights.shape[0])
