"""The rules of a config, against PyTorch's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.algorithms import SGD, Adam, RMSprop
from jaxgan.algorithms._parts.optimizer import schedule
from jaxgan.errors import InputError

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


def test_adams_schedules_are_pytorchs_with_its_fields_set_at_each_step():
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    rule = Adam(lr=2e-4, lr_end=5e-5, b1=0.0, b2=0.9, b2_end=0.99, schedule="cosine")
    params = torch.zeros(GRADIENTS.shape[1:], requires_grad=True)
    peer = torch.optim.Adam([params], lr=1.0, eps=1e-8)
    for i, gradient in enumerate(GRADIENTS.astype(np.float32)):
        left = (1 + np.cos(np.pi * i / len(GRADIENTS))) / 2
        b2 = 0.99 + (0.9 - 0.99) * left
        peer.param_groups[0].update(lr=5e-5 + 1.5e-4 * left, betas=(0.0, b2))
        params.grad = torch.from_numpy(gradient)
        peer.step()
    np.testing.assert_allclose(moved(rule), params.detach().numpy(), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("name", ["linear", "cosine", "constant_linear"])
def test_schedules_go_from_start_to_end(name):
    values = [float(schedule(3.0, name, 10, 1.0)(i)) for i in (0, 5, 10, 20)]
    middle = 3.0 if name == "constant_linear" else 2.0
    np.testing.assert_allclose(values, [3.0, middle, 1.0, 1.0], rtol=1e-6)
    assert float(schedule(0.0, name, 10, 4.0)(10)) == 4.0


def test_lazy_schedules_are_corrected_at_both_ends():
    rule = Adam(lr=1e-3, lr_end=1e-4, b2=0.9, b2_end=0.99, schedule="linear").lazily(3)
    assert (rule.lr, rule.lr_end) == pytest.approx((0.75e-3, 0.75e-4))
    assert (rule.b2, rule.b2_end) == pytest.approx((0.9**0.75, 0.99**0.75))


@pytest.mark.parametrize(
    "rule,line",
    [
        (Adam(b2_end=0.99), "b2_end: 0.99 is the end of a schedule, and there is none"),
        (Adam(b2_end=1.0, schedule="cosine"), r"b2_end: 1.0 is not in \[0, 1\)"),
        (SGD(lr_end=-1.0), "lr_end: -1.0 is below 0"),
    ],
)
def test_a_schedule_that_cannot_be_is_one_line(rule, line):
    with pytest.raises(InputError, match=rf"algorithm\.critic_optimizer\.{line}"):
        rule.transform(10, "critic_optimizer")


def test_rmsprop_divides_small_gradients_by_their_size():
    """With eps inside the root, gradients of 1e-6 would move a parameter by a thousandth of it."""
    way = np.abs(moved(RMSprop())).mean(1)
    assert way[SCALES == 1e-6].item() > 0.5 * way[SCALES == 1].item()
