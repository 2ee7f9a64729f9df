"""One forward pass of the generator for both players' updates."""

from collections.abc import Callable
from typing import Any

import jax

from jaxgan.core import Given, Loss, TrainState, Update, apply_gradients, with_aux
from jaxgan.core.sharding import over_devices
from jaxgan.core.update import no_nan
from jaxgan.typing import Batch, Examples, Metrics, PRNGKey, Variables

Generate = Callable[[Given, Batch, PRNGKey], tuple[Examples, Variables]]
"""``(given, batch, key) -> (fakes, the generator's new variables)``."""


def on_shared_fakes(generate: Generate, discriminator: Update, loss: Loss, tx: Any) -> Update:
    """D's update, then G's, on the same fakes, with a single forward pass of G.

    PyTorch's DCGAN example does the same; Goodfellow's Algorithm 1 draws new fakes for G.

    Args:
      generate: generates the fakes with ``given.variables["generator"]``.
      discriminator: D's update, which reads the fakes from ``batch["fake"]``.
      loss: G's loss on ``batch["fake"]``.
      tx: G's optimizer.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        k_fake, k_discriminator, k_generator = jax.random.split(key, 3)
        given = state.given
        g = given.variables["generator"]

        def forward(params: Any) -> tuple[Examples, Variables]:
            trained = {**given.variables, "generator": {**g, "params": params}}
            return generate(given._replace(variables=trained), batch, k_fake)

        fake, pullback, new = jax.vjp(forward, g["params"], has_aux=True)
        state, metrics = discriminator(state, {**batch, "fake": fake}, k_discriminator)

        def fooled(fake: Examples) -> Any:
            return loss(state.given, {**batch, "fake": fake}, k_generator)

        (value, aux), gradient = jax.value_and_grad(fooled, has_aux=True)(fake)
        (grads,) = pullback(gradient)
        state = with_aux(state.with_statistics({"generator": new}), aux)
        state, norm = apply_gradients("generator", grads, tx)(state, batch, key)
        value, own = over_devices((value, aux.metrics))
        return state, {**metrics, "generator_loss": no_nan(value), **norm, **own}

    return update
