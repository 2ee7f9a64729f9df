"""Segmentation losses: pure functions of per-pixel logits, finite for any finite logit.

Logits (n, h, w, 1) are the sigmoid logits of the foreground, for two classes. Logits (n, h, w, k)
are the softmax logits of k classes. A mask (n, h, w) holds class indices.
"""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from jaxgan.core.sharding import over_devices
from jaxgan.typing import Scalar

Maps: TypeAlias = Float[Array, "batch height width outputs"]
PerClass: TypeAlias = Float[Array, "batch height width classes"]
Masks: TypeAlias = Integer[Array, "batch height width"]


def log_probabilities(logits: Maps) -> PerClass:
    """Log p of every class: log sigmoid(-z) and log sigmoid(z) for one logit, else log softmax."""
    if logits.shape[-1] == 1:
        return jnp.concatenate([jax.nn.log_sigmoid(-logits), jax.nn.log_sigmoid(logits)], axis=-1)
    return jax.nn.log_softmax(logits)


def cross_entropy(logits: Maps, mask: Masks) -> Scalar:
    """-E[log p_t] with t the class of the pixel; for one logit, the binary cross-entropy."""
    log_p = log_probabilities(logits)
    return -(_one_hot(mask, log_p) * log_p).sum(-1).mean()


def focal(logits: Maps, mask: Masks, gamma: float = 2.0) -> Scalar:
    """-E[(1 - p_t)^gamma log p_t]: easy pixels count less; gamma = 0 is the cross-entropy.

    1 - p_t is computed in logarithms, as the sum of p over the other classes.

    Reference: Lin et al. 2017, equation 4.
    """
    log_p = log_probabilities(logits)
    true = _one_hot(mask, log_p)
    log_rest = jax.nn.logsumexp(jnp.where(true > 0, -jnp.inf, log_p), axis=-1)
    return -(jnp.exp(gamma * log_rest) * (true * log_p).sum(-1)).mean()


def soft_dice(logits: Maps, mask: Masks, smooth: float = 1e-5) -> Scalar:
    """1 - mean_c (2 E[p_c y_c] + s) / (E[p_c] + E[y_c] + s), with y_c = 1 where the class is c.

    Means are over all pixels of the global batch, so a class that is absent from one image is
    scored on the others. ``smooth`` is s, which counts as a fraction of the pixels.

    Reference: Milletari et al. 2016, without the squares in the denominator.
    """
    p = jnp.exp(log_probabilities(logits))
    true = _one_hot(mask, p)
    pixels = (0, 1, 2)
    both, of_p, of_true = over_devices((
        (p * true).mean(pixels), p.mean(pixels), true.mean(pixels),
    ))  # fmt: skip
    return 1.0 - ((2.0 * both + smooth) / (of_p + of_true + smooth)).mean()


def weighted_sum(
    logits: Maps,
    mask: Masks,
    cross_entropy_weight: float = 1.0,
    dice_weight: float = 1.0,
    focal_weight: float = 0.0,
    gamma: float = 2.0,
) -> tuple[Scalar, dict[str, Any]]:
    """The weighted sum of the losses, and the terms by name; a term with weight 0 is left out."""
    terms = {
        "cross_entropy": (cross_entropy_weight, cross_entropy),
        "soft_dice": (dice_weight, soft_dice),
        "focal": (focal_weight, lambda logits, mask: focal(logits, mask, gamma)),
    }
    values = {name: loss(logits, mask) for name, (weight, loss) in terms.items() if weight}
    total = sum((terms[name][0] * value for name, value in values.items()), jnp.zeros(()))
    return total, values


def _one_hot(mask: Masks, per_class: PerClass) -> PerClass:
    return jax.nn.one_hot(mask, per_class.shape[-1], dtype=per_class.dtype)
