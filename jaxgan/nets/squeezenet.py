"""SqueezeNet v1.0 (Iandola et al. 2016): an ImageNet classifier with 1.2 million parameters."""

from functools import partial

import jax
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

_Conv = partial(nn.Conv, precision=lax.Precision.HIGHEST)

_FIRE = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}
"""Number of squeeze channels of each fire module, which expands to 8 times as many."""


MAPS = ("relu1", *(f"fire{place}" for place in _FIRE))
"""Names of the maps, in order; the maps of fire 4 and 8 are taken before the pool."""


def _halve(x: jax.Array) -> jax.Array:
    """3x3 max pool of stride 2; a last window may extend over the edge ("ceil")."""
    over = [(0, (side - 3) % 2) for side in x.shape[1:3]]
    return nn.max_pool(x, (3, 3), (2, 2), over)  # pyright: ignore[reportArgumentType]


class _Fire(nn.Module):
    """k1 to few channels, then k1 and k3 in parallel."""

    squeeze: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(_Conv(self.squeeze, (1, 1), name="squeeze1x1")(x))
        a = nn.relu(_Conv(4 * self.squeeze, (1, 1), name="expand1x1")(x))
        b = nn.relu(_Conv(4 * self.squeeze, (3, 3), name="expand3x3")(x))
        return lax.concatenate((a, b), 3)


class SqueezeNet(nn.Module):
    """conv k7 s2, pool, fire 2 to 4, pool, fire 5 to 8, pool, fire 9, conv k1, ReLU, mean.

    As in the authors' Caffe net, the last convolution pads by one pixel, and its ReLU and the mean
    include the padding. Everything is float32 and never trained.

    Reference: Iandola et al. 2016, table 1.
    """

    @nn.compact
    def __call__(
        self, images: Float[Array, "batch height width 3"]
    ) -> dict[str, Float[Array, "batch ..."]]:
        """(n, h, w, 3), BGR in 0..255 minus (104, 117, 123), to maps, "features" and "logits".

        Maps are "relu1", "fire2" ... "fire9". "features" is the mean over positions of fire 9, (n,
        512). "logits" is (n, 1000). The net was trained on images of 227 px.
        """
        x = _Conv(96, (7, 7), 2, padding="VALID", name="conv1")(images)
        maps = {"relu1": nn.relu(x)}
        x = _halve(maps["relu1"])
        for place, squeeze in _FIRE.items():
            x = maps[f"fire{place}"] = _Fire(squeeze, name=f"fire{place}")(x)
            x = _halve(x) if place in (4, 8) else x
        features = x.mean((1, 2))
        x = nn.relu(_Conv(1000, (1, 1), padding=1, name="conv10")(x))
        return {**maps, "features": features, "logits": x.mean((1, 2))}
