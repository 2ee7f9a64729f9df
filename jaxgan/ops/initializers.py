"""Initial values of kernels and of normalization gains, by name."""

from typing import Any, Literal, TypeAlias

from jax.nn import initializers as jax_init

from jaxgan.errors import InputError

Initializer: TypeAlias = Literal["dcgan", "glorot", "he", "he_average", "lecun", "orthogonal"]
"""Initializers of kernels; biases start at 0.

- ``dcgan``: N(0, 0.02^2), and N(1, 0.02^2) for the gains of normalizations (Radford et al. 2016,
  section 4).
- ``glorot``: U(-a, a), a^2 = 6 / (fan_in + fan_out) (Glorot and Bengio 2010); Keras's default.
- ``he``: N(0, 2 / fan_in) (He et al. 2015).
- ``he_average``: U(-a, a) with variance 4 / (fan_in + fan_out): "He" in the WGAN-GP authors' code,
  and Glorot with gain sqrt 2 in SNGAN's.
- ``lecun``: N(0, 1 / fan_in), truncated at two standard deviations; flax's default.
- ``orthogonal``: orthonormal columns of the kernel as a (fan_in, out) matrix (Saxe et al. 2014).
"""

_KERNELS: dict[Initializer, jax_init.Initializer] = {
    "dcgan": jax_init.normal(0.02),
    "glorot": jax_init.glorot_uniform(),
    "he": jax_init.variance_scaling(2.0, "fan_in", "normal"),
    "he_average": jax_init.variance_scaling(2.0, "fan_avg", "uniform"),
    "lecun": jax_init.lecun_normal(),
    "orthogonal": jax_init.orthogonal(),
}


def kernel_init(name: Initializer) -> jax_init.Initializer:
    """The initializer of a kernel.

    Args:
      name: see :data:`Initializer`.

    Raises:
      InputError: the name is unknown.
    """
    if name not in _KERNELS:
        raise InputError(f"initializer: {name!r} is no name: use one of {', '.join(_KERNELS)}")
    return _KERNELS[name]


def linear_init(name: Initializer) -> jax_init.Initializer:
    """The initializer of a layer that no ReLU follows: Glorot's if ``name`` is one of He's.

    In the WGAN-GP ResNet these layers are the shortcuts, the first dense layer and the output
    layers.
    """
    return kernel_init("glorot" if name in ("he", "he_average") else name)


def gamma_init(name: Initializer) -> jax_init.Initializer:
    """The initializer of a normalization's gain: N(1, 0.02^2) for ``dcgan``, otherwise 1."""
    return _gamma_dcgan if name == "dcgan" else jax_init.ones


def _gamma_dcgan(key: Any, shape: Any, dtype: Any = float, out_sharding: Any = None) -> Any:
    return 1.0 + jax_init.normal(0.02)(key, shape, dtype)
