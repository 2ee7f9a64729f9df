"""The rules of a config, against PyTorch's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.algorithms import SGD, Adam, RMSprop

SCALES = 10.0 ** np.arange(-8, 1)
"""A clipped critic's gradients are of 1e-6 and less; a row of the gradients for each."""
GRADIENTS = np.random.default_rng(0).normal(size=(5, len(SCALES), 16)) * SCALES[:, None]

RULES = {
    "RMSprop": (RMSprop(), {"lr": 5e-5, "alpha": 0.99, "eps": 1e-8}),
    "Adam": (Adam(), {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}),
    "SGD": (SGD(lr=0.1), {"lr": 0.1}),
}


def moved(rule):
    """The way of the parameters in as many steps as there are gradients."""
    tx = rule.transform(len(GRADIENTS), "generator_optimizer")
    params = jnp.zeros(GRADIENTS.shape[1:])
    state, update = tx.init(params), jax.jit(tx.update)
    for gradient in GRADIENTS.astype(np.float32):
        changes, state = update(gradient, state, params)
        params = optax.apply_updates(params, changes)
    return np.asarray(params)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_pytorchs_for_small_and_large_gradients(name):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    rule, fields = RULES[name]
    params = torch.zeros(GRADIENTS.shape[1:], requires_grad=True)
    peer = getattr(torch.optim, name)([params], **fields)
    for gradient in GRADIENTS.astype(np.float32):
        params.grad = torch.from_numpy(gradient)
        peer.step()
    expected = params.detach().numpy()
    np.testing.assert_allclose(moved(rule), expected, rtol=1e-4, atol=1e-4 * rule.lr)


def test_rmsprop_divides_small_gradients_by_their_size():
    """With eps inside the root, gradients of 1e-6 would move a parameter by a thousandth of it."""
    way = np.abs(moved(RMSprop())).mean(1)
    assert way[SCALES == 1e-6].item() > 0.5 * way[SCALES == 1].item()
