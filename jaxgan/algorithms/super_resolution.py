"""Super-resolution: a net learns to undo bicubic reduction, with a pixel loss.

The data are sharp images y. Each is reduced on the device to x, by MATLAB's antialiased bicubic
filter, and G minimises E|G(x) - y| or E[(G(x) - y)^2].
"""

from dataclasses import dataclass, replace
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.needs import check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.upscaler import Colour, Upscaler
from jaxgan.core import Algorithm, Aux, Given, Spec, chain, ema, minimize
from jaxgan.losses.reconstruction import l1, l2
from jaxgan.nets import EDSR
from jaxgan.typing import Batch, PRNGKey, Scalar


@dataclass(frozen=True, kw_only=True)
class SuperResolution:
    """``generator`` enlarges images by its ``scale``."""

    generator: nn.Module = EDSR()
    """Net G: EDSR, FSRCNN, SRResNet or WDSR."""
    loss: Literal["l1", "l2"] = "l1"
    """Loss: E|G(x) - y| (EDSR, WDSR) or E[(G(x) - y)^2] (FSRCNN, SRResNet), for values in
    [-1, 1]."""
    colour: Colour = "rgb"
    """Channels that G maps. ``rgb``: all channels. ``luma``: Y of BT.601; chroma is enlarged
    bicubically, as in SRCNN and FSRCNN."""
    residual: bool = False
    """Residual learning: G's output is added to the bicubic enlargement (VDSR, Kim et al. 2016),
    which needs fewer steps."""
    turn: bool = True
    """Augmentation of each crop by a random one of the eight symmetries of the square."""
    generator_optimizer: Optimizer = Adam(lr=1e-4, b1=0.9)
    """Optimizer of G."""
    ema_decay: float = 0.0
    """Decay per step of the moving average of G's weights; 0: none."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the net; parameters, optimizer, its last layer and losses stay
    float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        (image,) = needs(spec, "image")
        check_decay(self.ema_decay)
        self.upscaler.check(image)
        own = replace(self, generator=fit(self.generator, image.shape, self.compute_dtype))
        tx = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        step = chain(minimize("generator", own.distance, tx), ema("generator", self.ema_decay))
        up = own.upscaler
        channels = image.shape[-1] if self.colour == "rgb" else 1
        x = jnp.zeros((2, image.shape[0] // up.scale, image.shape[1] // up.scale, channels))
        players = {"generator": Network(own.generator, (x,), tx, self.ema_decay > 0)}
        return assemble(players, step, {"upscale": up.function(image)}, up.show, up.measure)

    @property
    def upscaler(self) -> Upscaler:
        """G with its inputs, outputs and measures."""
        return Upscaler(self.generator, self.colour, self.residual)

    def distance(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E|G(x) - y| or E[(G(x) - y)^2]."""
        x, y = self.upscaler.pairs(batch, key if self.turn else None)
        made, g = self.upscaler(given.variables["generator"], x)
        loss = (l1 if self.loss == "l1" else l2)(made, y)
        return loss, Aux(variables={"generator": g})
