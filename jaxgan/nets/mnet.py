"""The M-Net of Fu et al. 2018: a U-Net with an input and an output at every size."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.translation import Layer
from jaxgan.nets.unet import DoubleConv, Maps, check_fields, joined, reach_of, side, to_multiple
from jaxgan.ops import Initializer, Norm, max_pool, mean_pool
from jaxgan.typing import Image


class MNet(nn.Module):
    """A U-Net that also gets the image at every size on the way down, with an output at every size.

    Inputs: at each level the image, mean-pooled by 2x2 once more, goes through a k3 convolution and
    is concatenated with the map from the level above. Outputs: each level on the way up gives
    logits, enlarged to full size by repetition, as in the authors' code. The result is the mean of
    their probabilities. The paper has 32 features, depth 4 and no norms.
    """

    features: int = 32
    """Channels of the first level; each level down doubles it."""
    depth: int = 4
    """Number of halvings."""
    norm: Norm = "batch"
    """Normalization of activations; the paper has ``none``."""
    deep_supervision: bool = True
    """Whether the loss is the mean of the outputs' losses, as in the paper; False: the loss of the
    mean."""
    initializer: Initializer = "he"
    """Initializer of kernels."""
    outputs: int = 1
    """Number of logits per pixel."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layers and the result are float32."""

    @property
    def multiple(self) -> int:
        """Number that must divide the sides of a map for ``depth`` halvings."""
        return 1 << self.depth

    @property
    def reach(self) -> int | None:
        """Largest distance in pixels at which a pixel affects logits; None: unlimited.

        It equals a U-Net's: a pooled image reaches no farther than the maps from the level above.
        """
        return reach_of(self.depth, self.norm)

    def __call__(self, images: Image, train: bool = True) -> Maps:
        """(n, h, w, c) to the logits (n, h, w, outputs) of the mean probabilities."""
        return logits_of_mean(self._sides(images, train))

    def supervised(self, images: Image, train: bool = True) -> list[Maps]:
        """The logits over which a loss is averaged: every output, or only the mean's."""
        sides = self._sides(images, train)
        return sides if self.deep_supervision else [logits_of_mean(sides)]

    @nn.compact
    def _sides(self, images: Image, train: bool) -> list[Maps]:
        check_fields(self)
        kind = (self.norm, self.initializer, self.dtype)
        image = x = to_multiple(images, self.multiple)
        skips, sides = [], []
        for level in range(self.depth):
            width = self.features << level
            if level:
                image = mean_pool(image)
                seen = Layer(width, 3, *kind[:2], dtype=self.dtype)(image, train)
                x = jnp.concatenate([seen, x], axis=-1)
            x = DoubleConv(width, *kind)(x, train)
            skips.append(x)
            x = max_pool(x)
        x = DoubleConv(self.features << self.depth, *kind)(x, train)
        for level in reversed(range(self.depth)):
            x = joined(x, skips[level], kind, train)
            x = DoubleConv(self.features << level, *kind)(x, train)
            sides.append(side(x, self.outputs, level, images.shape))
        return sides


def logits_of_mean(sides: list[Maps]) -> Maps:
    """Logits of the mean probability of several logits: sigmoid for one logit, otherwise softmax.

    log mean_m p_m is a logsumexp over m of log p_m, so it is finite for any finite logits.
    """
    stacked = jnp.stack(sides)
    if stacked.shape[-1] > 1:
        return jax.nn.logsumexp(jax.nn.log_softmax(stacked), axis=0) - jnp.log(len(sides))
    of_one = jax.nn.logsumexp(jax.nn.log_sigmoid(stacked), axis=0)
    return of_one - jax.nn.logsumexp(jax.nn.log_sigmoid(-stacked), axis=0)
