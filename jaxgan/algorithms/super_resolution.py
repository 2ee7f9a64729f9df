"""Super-resolution: a net that undoes bicubic reduction, learnt by the distance of pixels.

The data are sharp images y. Each is reduced to x by MATLAB's antialiased bicubic, on the device,
and G learns G(x) = y by E|G(x) - y| or E[(G(x) - y)^2].
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
    """The net G: EDSR, FSRCNN, SRResNet or WDSR."""
    loss: Literal["l1", "l2"] = "l1"
    """E|G(x) - y| (EDSR, WDSR) or E[(G(x) - y)^2] (FSRCNN, SRResNet), of values in [-1, 1]."""
    colour: Colour = "rgb"
    """``rgb``: G maps all channels. ``luma``: G maps Y of BT.601 alone; chroma is enlarged
    bicubically, as SRCNN and FSRCNN do."""
    residual: bool = False
    """G learns what the bicubic enlargement lacks (VDSR, Kim et al. 2016), which takes fewer
    steps."""
    turn: bool = True
    """Turn each crop by a random one of the eight symmetries of the square."""
    generator_optimizer: Optimizer = Adam(lr=1e-4, b1=0.9)
    """Optimizer of G."""
    ema_decay: float = 0.0
    """Decay per step of G's averaged weights; 0 keeps none."""
    compute_dtype: ComputeDtype = "float32"
    """Type of activations in the net; parameters, optimizer, its last layer and losses stay
    float32."""

    def build(self, spec: Spec) -> Algorithm:
        """The algorithm for data of that shape.

        Raises:
          InputError: for a combination that makes no sense, and says why.
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
        """G with its inputs and outputs."""
        return Upscaler(self.generator, self.colour, self.residual)

    def distance(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E|G(x) - y| or E[(G(x) - y)^2]."""
        x, y = self.upscaler.pairs(batch, key if self.turn else None)
        made, g = self.upscaler(given.variables["generator"], x)
        loss = (l1 if self.loss == "l1" else l2)(made, y)
        return loss, Aux(variables={"generator": g})
