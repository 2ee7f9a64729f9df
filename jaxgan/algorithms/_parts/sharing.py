"""One generator forward for both players' updates, handed on by ``memory``."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from jaxgan.core import TrainState
from jaxgan.typing import Batch, Image, Metrics, Params, PRNGKey


class Fakes(NamedTuple):
    """Images, and how a gradient to them goes on to the generator's parameters."""

    images: Image
    pullback: Any
    """A function with what the forward pass kept for it: the activations of one batch."""


def generate(generator: Callable[[Params], tuple[Image, Any]], params: Params) -> tuple[Fakes, Any]:
    """The images of ``generator(params) -> (images, variables)`` for both updates, and the rest."""
    images, pullback, variables = jax.vjp(generator, params, has_aux=True)
    return Fakes(images, pullback), variables


@jax.custom_vjp
def again(params: Params, fakes: Fakes) -> Image:
    """The images that ``params`` made, to be differentiated in ``params``."""
    del params
    return fakes.images


def _again_forward(params: Params, fakes: Fakes) -> tuple[Image, Fakes]:
    del params
    return fakes.images, fakes


def _again_backward(fakes: Fakes, g: Image) -> tuple[Params, Any]:
    return fakes.pullback(g)[0], jax.tree.map(jax.numpy.zeros_like, fakes)


again.defvjp(_again_forward, _again_backward)


def forget(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
    """An update that takes the fakes out of the state, once both players have used them."""
    del batch, key
    memory = {name: value for name, value in state.memory.items() if name != "fakes"}
    return state.replace(memory=memory), {}
