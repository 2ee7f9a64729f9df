"""Self-attention over the pixels of a feature map (SAGAN, Zhang et al. 2019, equations 1 to 3)."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.ops import Conv, Norm, apply_layer


class SelfAttention(nn.Module):
    """x + gamma o: o is, at each pixel, a mean of values over all pixels; gamma starts at 0.

    With queries q = W_q x, keys k = W_k x and values v = W_v x, o_i = W_o sum_j s_ij v_j, where s_i
    is the softmax of q_i k_j over j. Queries and keys have an eighth of the channels, values have
    half. Keys and values are max-pooled by 2, as in the authors' code, which takes a quarter of the
    memory.
    """

    norm: Norm = "none"
    """Normalization: ``spectral`` and ``weight`` apply to the four kernels."""
    kernel_init: Any = nn.initializers.glorot_uniform()
    """Initializer of the four kernels."""
    dtype: Any = jnp.float32
    """Dtype of the computation; the softmax is float32."""

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channels"], train: bool = True
    ) -> Float[Array, "batch height width channels"]:
        """The same shape as ``x``, whose sides must be even."""
        n, h, w, channels = x.shape
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        query = self._project(x, narrow, "query", train).reshape(n, h * w, narrow)
        key = _pool(self._project(x, narrow, "key", train)).reshape(n, -1, narrow)
        value = _pool(self._project(x, half, "value", train)).reshape(n, -1, half)
        scores = jnp.einsum("nic,njc->nij", query, key, preferred_element_type=jnp.float32)
        weights = jax.nn.softmax(scores).astype(self.dtype)
        o = jnp.einsum("nij,njc->nic", weights, value).reshape(n, h, w, half)
        gamma = self.param("gamma", nn.initializers.zeros, ())
        return x + gamma.astype(self.dtype) * self._project(o, channels, "output", train)

    def _project(self, x: jax.Array, features: int, name: str, train: bool) -> jax.Array:
        layer = Conv(
            features,
            (1, 1),
            use_bias=False,
            dtype=self.dtype,
            kernel_init=self.kernel_init,
            name=name,
        )
        return apply_layer(layer, x, self.norm, train)


def _pool(x: jax.Array) -> jax.Array:
    return nn.max_pool(x, (2, 2), (2, 2))
