"""Semantic segmentation: a class for every pixel (U-Net, Ronneberger et al. 2015; M-Net, Fu 2018).

One net outputs class logits at every pixel. A step is one update on a weighted sum of
cross-entropy, soft Dice and focal loss.
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Function, Given, Spec, chain, ema, minimize
from jaxgan.core.sharding import over_devices
from jaxgan.errors import InputError
from jaxgan.losses.segmentation import Maps, Masks, PerClass, log_probabilities, weighted_sum
from jaxgan.metrics.confusion import Confusion
from jaxgan.nets import UNet
from jaxgan.ops.palette import PALETTE
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, PRNGKey, Scalar, Variables

OVERLAY = 0.5
"""Opacity of the classes' colours over an image."""


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """``net`` outputs logits per pixel: one with a sigmoid for two classes, else k with softmax."""

    net: nn.Module = UNet()
    """Network; its field ``outputs`` is set to the number of logits."""
    cross_entropy: float = 1.0
    """Weight of the (binary) cross-entropy."""
    dice: float = 1.0
    """Weight of 1 - soft Dice, averaged over classes, so that rare classes count equally."""
    focal: float = 0.0
    """Weight of the focal loss, an alternative to cross-entropy if most pixels are easy."""
    focal_gamma: float = 2.0
    """Exponent gamma of the focal loss, (1 - p)^gamma with the true class's probability p."""
    net_optimizer: Optimizer = Adam(lr=1e-3, b1=0.9, schedule="cosine")
    """Optimizer of the net."""
    ema_decay: float = 0.0
    """Decay per step of the moving average of the weights; 0: none."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the net; parameters, optimizer, statistics, the last layers,
    logits and losses stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        image, mask = needs(spec, "image", "mask")
        self._check()
        outputs = 1 if mask.classes == 2 else mask.classes
        net = fit(self.net.clone(outputs=outputs), image.shape, self.compute_dtype, role="net")
        method = replace(self, net=net)
        tx = self.net_optimizer.transform(spec.decay_steps, "net_optimizer")
        step = chain(minimize("net", method.loss, tx), ema("net", self.ema_decay))
        segment = Function(
            method.segment,
            ("image",),
            mask,
            multiple=getattr(net, "multiple", 1),
            reach=getattr(net, "reach", None),
        )
        x = jnp.zeros((2, *image.shape))
        return assemble(
            {"net": Network(net, (x,), tx, self.ema_decay > 0)},
            step,
            functions={"segment": segment},
            show=method.show,
            measure=method.measure,
        )

    def loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The weighted sum of the losses; with deep supervision, its mean over all outputs."""
        x, y = to_float(batch["image"]), batch["mask"]
        method = "supervised" if hasattr(self.net, "supervised") else None
        sides, net = apply_net(self.net, given.variables["net"], x, key=key, method=method)
        sides = sides if method else [sides]
        weights = (self.cross_entropy, self.dice, self.focal, self.focal_gamma)
        losses = [weighted_sum(logits, y, *weights) for logits in sides]
        loss, terms = jax.tree.map(lambda *own: jnp.stack(own).mean(), *losses)
        log_p = log_probabilities(sides[-1])
        majorities = {
            "predicted_majority": majority(log_p.argmax(-1), log_p.shape[-1]),
            "true_majority": majority(y, log_p.shape[-1]),
        }
        return loss, Aux({**terms, **majorities}, {"net": net})

    def segment(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey | None = None
    ) -> PerClass:
        """Class probabilities at every pixel."""
        del key
        return jnp.exp(log_probabilities(self._logits(weights, inputs["image"])))

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows height width channels"]]:
        """The image, its mask, the prediction, and the prediction overlaid on the image."""
        del key
        x = to_float(batch["image"])
        classes = log_probabilities(self._logits(weights, x)).argmax(-1)
        colours = jnp.asarray(PALETTE) / 127.5 - 1.0
        grey = jnp.broadcast_to(x[..., :3], (*x.shape[:3], 3))
        shown = colours[classes]
        over = jnp.where(classes[..., None] > 0, OVERLAY * shown + (1 - OVERLAY) * grey, grey)
        return {"image": x, "mask": colours[batch["mask"]], "prediction": shown, "overlay": over}

    def measure(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Confusion]:
        """IoU and Dice per class and their means, accuracy, fraction of the most frequent class."""
        del key
        log_p = log_probabilities(self._logits(weights, to_float(batch["image"])))
        return {"segment": Confusion.create(log_p.shape[-1]).update(log_p, batch["mask"])}

    def _logits(self, weights: dict[str, Variables], images: Image) -> Maps:
        return apply_net(self.net, weights["net"], images, train=False)[0]

    def _check(self) -> None:
        check_above(
            0,
            cross_entropy=self.cross_entropy,
            dice=self.dice,
            focal=self.focal,
            focal_gamma=self.focal_gamma,
        )
        check_decay(self.ema_decay)
        if not self.cross_entropy + self.dice + self.focal:
            raise InputError(
                "algorithm.cross_entropy: it, dice and focal are 0, so there is no loss; set one"
            )
        if not hasattr(self.net, "outputs"):
            raise InputError(
                f"algorithm.net: {type(self.net).__name__} has no field outputs, the number of its"
                " logits a pixel; add one, or use UNet or MNet"
            )


def majority(classes: Masks, count: int) -> Scalar:
    """The fraction of the most frequent class among the pixels of the global batch."""
    return over_devices(jax.nn.one_hot(classes, count).mean((0, 1, 2))).max()
