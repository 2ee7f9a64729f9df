"""The Inception-v3 of 2015-12-05, whose features FID, KID and the Inception score use.

It is Szegedy et al. 2016 as run in TensorFlow: it has 1008 logits, its average pools leave out the
padding, and its last block has a max pool where the paper has an average pool. Layers are named
after the file's tensors.
"""

from functools import partial

import jax
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

from jaxgan.errors import InputError

_avg_pool = partial(
    nn.avg_pool, window_shape=(3, 3), strides=(1, 1), padding="SAME", count_include_pad=False
)
_max_pool = partial(nn.max_pool, window_shape=(3, 3), strides=(1, 1), padding="SAME")
_halve = partial(nn.max_pool, window_shape=(3, 3), strides=(2, 2))


class _Layer(nn.Module):
    """Convolution without bias, BatchNorm with running statistics, ReLU."""

    features: int
    kernel: tuple[int, int] = (1, 1)
    strides: int = 1
    padding: str = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.Conv(
            self.features,
            self.kernel,
            self.strides,
            self.padding,
            use_bias=False,
            precision=lax.Precision.HIGHEST,
            name="conv",
        )(x)
        return nn.relu(nn.BatchNorm(use_running_average=True, epsilon=1e-3, name="bn")(x))


_Smaller = partial(_Layer, kernel=(3, 3), strides=2, padding="VALID")


def _joined(*branches: jax.Array) -> jax.Array:
    return lax.concatenate(branches, 3)


class _MixedA(nn.Module):
    """35x35: branches k1, k5, two k3, and pool."""

    pool_features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        a = _Layer(64, name="branch1x1")(x)
        b = _Layer(48, name="branch5x5_1")(x)
        b = _Layer(64, (5, 5), name="branch5x5_2")(b)
        c = _Layer(64, name="branch3x3dbl_1")(x)
        c = _Layer(96, (3, 3), name="branch3x3dbl_2")(c)
        c = _Layer(96, (3, 3), name="branch3x3dbl_3")(c)
        d = _Layer(self.pool_features, name="branch_pool")(_avg_pool(x))
        return _joined(a, b, c, d)


class _MixedB(nn.Module):
    """35x35 to 17x17."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        a = _Smaller(384, name="branch3x3")(x)
        b = _Layer(64, name="branch3x3dbl_1")(x)
        b = _Layer(96, (3, 3), name="branch3x3dbl_2")(b)
        b = _Smaller(96, name="branch3x3dbl_3")(b)
        return _joined(a, b, _halve(x))


class _MixedC(nn.Module):
    """17x17: branches k1, a factorized k7, two factorized k7, and pool."""

    inner: int
    """Number of channels inside a factorized k7."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        wide, high = (1, 7), (7, 1)
        a = _Layer(192, name="branch1x1")(x)
        b = _Layer(self.inner, name="branch7x7_1")(x)
        b = _Layer(self.inner, wide, name="branch7x7_2")(b)
        b = _Layer(192, high, name="branch7x7_3")(b)
        c = _Layer(self.inner, name="branch7x7dbl_1")(x)
        c = _Layer(self.inner, high, name="branch7x7dbl_2")(c)
        c = _Layer(self.inner, wide, name="branch7x7dbl_3")(c)
        c = _Layer(self.inner, high, name="branch7x7dbl_4")(c)
        c = _Layer(192, wide, name="branch7x7dbl_5")(c)
        d = _Layer(192, name="branch_pool")(_avg_pool(x))
        return _joined(a, b, c, d)


class _MixedD(nn.Module):
    """17x17 to 8x8."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        a = _Layer(192, name="branch3x3_1")(x)
        a = _Smaller(320, name="branch3x3_2")(a)
        b = _Layer(192, name="branch7x7x3_1")(x)
        b = _Layer(192, (1, 7), name="branch7x7x3_2")(b)
        b = _Layer(192, (7, 1), name="branch7x7x3_3")(b)
        b = _Smaller(192, name="branch7x7x3_4")(b)
        return _joined(a, b, _halve(x))


class _MixedE(nn.Module):
    """8x8: branches k1, k1x3 beside k3x1, the same after a k3, and pool."""

    max_pool: bool
    """Whether to max-pool: only in the last block, as in the file of 2015."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        wide, high = (1, 3), (3, 1)
        a = _Layer(320, name="branch1x1")(x)
        b = _Layer(384, name="branch3x3_1")(x)
        b_wide = _Layer(384, wide, name="branch3x3_2a")(b)
        b_high = _Layer(384, high, name="branch3x3_2b")(b)
        c = _Layer(448, name="branch3x3dbl_1")(x)
        c = _Layer(384, (3, 3), name="branch3x3dbl_2")(c)
        c_wide = _Layer(384, wide, name="branch3x3dbl_3a")(c)
        c_high = _Layer(384, high, name="branch3x3dbl_3b")(c)
        d = _Layer(192, name="branch_pool")(_max_pool(x) if self.max_pool else _avg_pool(x))
        return _joined(a, b_wide, b_high, c_wide, c_high, d)


class _Classifier(nn.Module):
    """x @ W, without and with the bias."""

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], 1008))
        bias = self.param("bias", nn.initializers.zeros_init(), (1008,))
        unbiased = lax.dot(x, kernel, precision=lax.Precision.HIGHEST)
        return unbiased, unbiased + bias[None]


class Inception(nn.Module):
    """Images to features and logits, all in float32; never trained.

    Features are means over positions: "64" after the first max pool, "192" after the second, "768"
    after the 17x17 blocks, and "2048", known as pool_3, which the classifier uses.

    Reference: Szegedy et al. 2016; Heusel et al. 2017 (FID); Salimans et al. 2016 (the score).
    """

    @nn.compact
    def __call__(
        self, images: Float[Array, "batch height width 3"]
    ) -> dict[str, Float[Array, "batch _"]]:
        """(n, 299, 299, 3), in about [-1, 1], to "64", "192", "768", "2048": (n, as named).

        It also returns "logits_unbiased", which is pool_3 @ W, and "logits", with the bias added:
        (n, 1008).

        Raises:
          InputError: the images have another size.
        """
        if images.shape[1:3] != (299, 299):
            size = f"{images.shape[1]}x{images.shape[2]}"
            raise InputError(f"images: Inception takes 299x299 pixels, not {size}: resize them")
        taps = {}
        x = _Smaller(32, name="Conv2d_1a_3x3")(images)
        x = _Layer(32, (3, 3), padding="VALID", name="Conv2d_2a_3x3")(x)
        x = _halve(_Layer(64, (3, 3), name="Conv2d_2b_3x3")(x))
        taps["64"] = x.mean((1, 2))
        x = _Layer(80, name="Conv2d_3b_1x1")(x)
        x = _halve(_Layer(192, (3, 3), padding="VALID", name="Conv2d_4a_3x3")(x))
        taps["192"] = x.mean((1, 2))
        for place, pool_features in zip("bcd", (32, 64, 64), strict=True):
            x = _MixedA(pool_features, name=f"Mixed_5{place}")(x)
        x = _MixedB(name="Mixed_6a")(x)
        for place, inner in zip("bcde", (128, 160, 160, 192), strict=True):
            x = _MixedC(inner, name=f"Mixed_6{place}")(x)
        taps["768"] = x.mean((1, 2))
        x = _MixedD(name="Mixed_7a")(x)
        x = _MixedE(max_pool=False, name="Mixed_7b")(x)
        x = _MixedE(max_pool=True, name="Mixed_7c")(x)
        taps["2048"] = x.mean((1, 2))
        taps["logits_unbiased"], taps["logits"] = _Classifier(name="fc")(taps["2048"])
        return taps
