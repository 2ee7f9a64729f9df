"""ADA's controller: it raises the augmentation probability while D overfits, else lowers it."""

from typing import Any

import jax.numpy as jnp

from jaxgan.algorithms._parts.ada import ADA
from jaxgan.algorithms._parts.examples import global_size
from jaxgan.core import TrainState, Update, every
from jaxgan.typing import Batch, Logits, Metrics, PRNGKey


def remembered(ada: ADA) -> dict[str, Any]:
    """Memory at the start of a run: p, and the sum of E[sign(D(x))] since the last adjustment."""
    return {"ada_p": jnp.float32(ada.p), "ada_signs": jnp.zeros(())}


def counted(memory: dict[str, Any], real_logits: Logits) -> dict[str, Any]:
    """Memory after an update of D: adds E[sign(D(x))] of its reals to the sum."""
    return {"ada_signs": memory["ada_signs"] + jnp.sign(real_logits).mean()}


def adapt(ada: ADA) -> Update:
    """At every k-th update of D: p <- p + sign(r_t - target) n k / (1000 kimg), clipped to [0, 1].

    r_t is the mean of E[sign(D(x))] over the last k updates of D, and n is the global batch size.
    Without a target p is constant.

    Reference: Karras et al. 2020, ADA, section 3.1.
    """
    k = ada.every

    def adjust(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del key
        r = state.memory["ada_signs"] / k
        step = global_size(batch) * k / (1000 * ada.kimg)
        p = jnp.clip(state.memory["ada_p"] + jnp.sign(r - ada.target) * step, 0.0, 1.0)
        memory = {**state.memory, "ada_p": p, "ada_signs": jnp.zeros(())}
        return state.replace(memory=memory), {}

    adjusted = every(k, adjust, clock=lambda state: state.now + 1)

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        if ada.target is not None:
            state, _ = adjusted(state, batch, key)
        return state, {"ada_p": state.memory["ada_p"]}

    return update
