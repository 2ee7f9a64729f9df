"""Power-function averages of parameters, from which any EMA width can be made after training.

Karras et al. 2024, Analyzing and Improving the Training Dynamics of Diffusion Models, section 3 and
appendix C. In the average at step t, the parameters of step s have a weight proportional to
s^gamma. The average is chosen by its width sigma_rel, the standard deviation of this profile
divided by t.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxgan.core.algorithm import Algorithm
from jaxgan.core.state import AVERAGED, TrainState
from jaxgan.errors import InputError
from jaxgan.typing import Batch, Metrics, PRNGKey

MEMORY = "power_averages"
"""Name of the averages in a state's memory."""

WIDEST = 0.28
"""Largest width: just below 1 / sqrt(12), that of gamma = 0, the mean of all steps."""


def exponent(width: float) -> float:
    """The gamma of a width sigma_rel = sqrt(gamma + 1) / ((gamma + 2) sqrt(gamma + 3)).

    Raises:
      InputError: the width is outside (0, 0.28].
    """
    if not 0 < width <= WIDEST:
        raise InputError(f"width: {width} is not in (0, {WIDEST}], of the steps trained")
    t = width**-2
    return float(np.roots([1, 7, 16 - t, 12 - t]).real.max())


def power_averaged(algorithm: Algorithm, player: str, widths: Sequence[float]) -> Algorithm:
    """The algorithm, with averages of a player's parameters and batch statistics in its memory.

    At step t, theta_hat <- b theta_hat + (1 - b) theta with b = (1 - 1/t)^(gamma + 1).
    """
    gammas = [exponent(width) for width in widths]

    def averaged(state: TrainState) -> dict[str, Any]:
        if player not in state.players:
            raise InputError(
                f"averages.player: there is no {player}; use one of {', '.join(state.players)}"
            )
        variables = state.players[player].variables
        return {name: variables[name] for name in AVERAGED if name in variables}

    def init(key: PRNGKey, batch: Batch) -> TrainState:
        state = algorithm.init(key, batch)
        copies = [jax.tree.map(jnp.array, averaged(state)) for _ in gammas]
        return state.replace(memory={**state.memory, MEMORY: copies})

    def step(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        kept = state.memory[MEMORY]
        others = {name: value for name, value in state.memory.items() if name != MEMORY}
        new, metrics = algorithm.step(state.replace(memory=others), batch, key)
        t, theta = state.step.astype(jnp.float32) + 1, averaged(new)
        moved = []
        for gamma, average in zip(gammas, kept, strict=True):
            b = (1 - 1 / t) ** (gamma + 1)
            moved.append(jax.tree.map(lambda a, p, b=b: b * a + (1 - b) * p, average, theta))
        return new.replace(memory={**new.memory, MEMORY: moved}), metrics

    return algorithm._replace(init=init, step=step)


def coefficients(
    steps: Float[np.ndarray, "n"], gammas: Float[np.ndarray, "n"], step: float, gamma: float
) -> Float[np.ndarray, "n"]:
    """Weights of stored averages whose weighted sum is nearest in L2 to the average at ``step``.

    Args:
      steps: the step of each stored average.
      gammas: the exponent of each stored average.
      step: the step of the requested average.
      gamma: the exponent of the requested average.

    Reference: Karras et al. 2024, appendix C.2, algorithm 3.
    """
    inner = _product(steps[:, None], gammas[:, None], steps, gammas)
    return np.linalg.lstsq(inner, _product(steps, gammas, step, gamma), rcond=None)[0]


def _product(t: Any, gamma: Any, u: Any, delta: Any) -> Any:
    """The integral over s of two profiles, each (gamma + 1) s^gamma / t^(gamma + 1) up to t."""
    ratio = np.where(t < u, t / u, u / t) ** np.where(t < u, delta, gamma)
    return (gamma + 1) * (delta + 1) / (gamma + delta + 1) * ratio / np.maximum(t, u)
