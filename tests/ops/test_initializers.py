import jax
import jaxtyping
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.ops import gamma_init, kernel_init, linear_init

SHAPE = (3, 3, 16, 64)
FAN_IN, FAN_OUT = 9 * 16, 9 * 64


@pytest.mark.parametrize(("name", "variance"), [
    ("dcgan", 0.02**2),
    ("glorot", 2 / (FAN_IN + FAN_OUT)),
    ("he", 2 / FAN_IN),
    ("he_average", 4 / (FAN_IN + FAN_OUT)),
    ("lecun", 1 / FAN_IN),
])  # fmt: skip
def test_variance_of_kernels(name, variance):
    kernel = np.asarray(kernel_init(name)(jax.random.key(0), SHAPE))
    np.testing.assert_allclose(kernel.var(), variance, rtol=0.06)
    np.testing.assert_allclose(kernel.mean(), 0, atol=0.05 * np.sqrt(variance))


def test_orthogonal_columns():
    kernel = np.asarray(kernel_init("orthogonal")(jax.random.key(0), SHAPE)).reshape(-1, 64)
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(64), atol=1e-5)


def test_layers_without_relu_are_glorot_where_the_others_are_he():
    assert linear_init("he") is linear_init("he_average") is kernel_init("glorot")
    assert linear_init("dcgan") is kernel_init("dcgan")


def test_gains():
    gains = np.asarray(gamma_init("dcgan")(jax.random.key(0), (4096,)))
    np.testing.assert_allclose([gains.mean(), gains.std()], [1, 0.02], atol=1e-3)
    assert np.all(np.asarray(gamma_init("he")(jax.random.key(0), (3,))) == 1)


def test_another_name_is_refused_with_the_names(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match="initializer: 'xavier' is no name: use one of dcgan"):
        kernel_init("xavier")
