"""StyleGAN2's discriminator (Karras et al. 2020, figure 7): a residual net with filters."""

import math
from dataclasses import field
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.nets.checks import check_images, read_labels
from jaxgan.nets.stylegan2 import (
    SMALLEST,
    MappingNetwork,
    activated,
    check_sizes,
    resolutions,
    settings,
)
from jaxgan.ops import (
    EqualizedConv,
    EqualizedDense,
    lowpass_conv_downsample,
    lowpass_downsample,
    minibatch_stddev,
    pixel_norm,
)
from jaxgan.ops.filtered_conv import TAPS
from jaxgan.typing import Image, Label, Logits


class ResidualDown(nn.Module):
    """(conv k1(down(x)) + down conv k3(conv k3(x))) / sqrt(2), where down halves the size.

    Reference: Karras et al. 2020, figure 7 (residual nets) and section 4.1.
    """

    features: int
    """Number of output channels."""
    clamp: float = 0.0
    """Largest absolute value in a layer; 0: no clamping."""
    dtype: Any = jnp.float32
    """Dtype of the computation."""

    @nn.compact
    def __call__(self, x: Image) -> Float[Array, "batch height//2 width//2 features"]:
        """(n, 2h, 2w, c) to (n, h, w, features)."""
        x, half = x.astype(self.dtype), math.sqrt(0.5)
        low = lowpass_downsample(x, TAPS)
        skip = EqualizedConv(
            self.features, 1, gain=1.0, use_bias=False, dtype=self.dtype, name="skip"
        )
        conv = EqualizedConv(x.shape[-1], gain=1.0, dtype=self.dtype, name="conv_1")
        y = activated(conv(x), self.clamp)
        kernel = self.param(
            "kernel", nn.initializers.normal(1.0), (3, 3, y.shape[-1], self.features)
        )
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        kernel = (kernel / math.sqrt(9 * y.shape[-1])).astype(self.dtype)
        y = lowpass_conv_downsample(y, kernel) + bias.astype(self.dtype)[None, None, None]
        return half * skip(low) + activated(y, self.clamp, half)


class StyleGAN2Discriminator(nn.Module):
    """An image to a score: residual blocks to 4x4, minibatch deviation, conv, dense, dense.

    With classes the last layer gives a vector f, and the score is <f, M(y)> / sqrt(size), with a
    mapping network M of classes. M(y) has unit mean square unless ``normalize_classes`` is False.
    The hidden units of the last block are sown as ``features`` into ``intermediates``. A score
    depends on the other examples of its group through the deviation.

    Reference: Karras et al. 2020, StyleGAN2, figure 7; Karras et al. 2020, ADA, appendix C.
    """

    channel_base: int = 16384
    """Base of the channel counts, which are min(channel_base / r, channel_max) at r px."""
    channel_max: int = 512
    """Largest number of channels of a layer."""
    mapping_layers: int = 8
    """Number of layers of the mapping network of classes."""
    group: int = 4
    """Number of examples in a group; see :func:`jaxgan.ops.minibatch_stddev`."""
    low_precision: int = field(default=4, metadata={"least": 0})
    """Number of highest resolutions that are computed in the method's compute_dtype."""
    clamp: float = 256.0
    """Largest absolute value in a layer of those resolutions, unless they are float32."""
    clamp_all: bool = False
    """Whether to clamp float32 layers too, as in the authors' code."""
    normalize_classes: bool = True
    """Whether to normalize M(y) to unit mean square; the authors' PyTorch code does not."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the highest resolutions; parameters, the last block and the result are float32."""

    compares_batch: ClassVar[bool] = True
    """Whether a score depends on the other examples of its batch."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,)."""
        check_sizes(self)
        check_images(self, images)
        labels = read_labels(self, labels)
        sizes = resolutions(self.image_shape[0])
        width, dtype, clamp = settings(self, sizes[-1])
        first = EqualizedConv(width, 1, gain=1.0, dtype=dtype, name=f"from_rgb_{sizes[-1]}")
        x = activated(first(images), clamp)
        for size in reversed(sizes[1:]):
            _, dtype, clamp = settings(self, size)
            block = ResidualDown(settings(self, size // 2)[0], clamp, dtype, name=f"block_{size}")
            x = block(x)
        width = settings(self, SMALLEST)[0]
        phi = self._pooled(x.astype(jnp.float32), width)
        self.sow("intermediates", "features", phi)
        if labels is None:
            return EqualizedDense(1, gain=1.0, name="output")(phi)[:, 0]
        mapping = MappingNetwork(
            width, self.mapping_layers, num_classes=self.num_classes, name="mapping"
        )
        y = mapping(None, labels, train)
        y = pixel_norm(y) if self.normalize_classes else y
        f = EqualizedDense(width, gain=1.0, name="output")(phi)
        return (f * y).sum(1) / math.sqrt(width)

    def _pooled(self, x: jax.Array, width: int) -> Float[Array, "batch features"]:
        x = EqualizedConv(width, gain=1.0, name="conv_4")(minibatch_stddev(x, self.group))
        x = activated(x, self.clamp if self.clamp_all else 0.0)
        return activated(EqualizedDense(width, gain=1.0, name="dense_4")(x.reshape(len(x), -1)))
