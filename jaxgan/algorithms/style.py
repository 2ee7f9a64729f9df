"""Style transfer (Gatys et al. 2016): an image with the content of one and the style of others.

The player is the image itself. Its feature maps in a frozen network should match those of the
content image, and their Gram matrices should match those of the style images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from jaxgan.algorithms._parts.needs import needs
from jaxgan.core import Algorithm, Aux, Frozen, Function, Given, Player, Spec, TrainState, minimize
from jaxgan.errors import InputError
from jaxgan.losses.perceptual import perceptual
from jaxgan.losses.style import grams, style, total_variation
from jaxgan.typing import Batch, Image, PRNGKey, Scalar, Variables
from jaxgan.weights.style import StyleNetwork

NETWORK = "network"
"""Name of the network's weights among the frozen weights."""


def lbfgs() -> optax.GradientTransformation:
    """L-BFGS without a line search, as the authors use it: one evaluation of the loss per step.

    A step that would change the pixels by more than 0.1 (root mean square) is shortened to 0.1.
    """
    rule = optax.scale_by_lbfgs(memory_size=20)
    return optax.chain(rule, optax.scale(-1.0), optax.clip_by_block_rms(0.1))


@dataclass(frozen=True, kw_only=True)
class StyleTransfer:
    """Minimises content loss, style loss and total variation over the pixels of one image.

    The batch holds the targets, which :meth:`targets` computes once from the images.
    """

    content_layers: tuple[str, ...]
    """Layers of the content loss."""
    style_layers: tuple[str, ...]
    """Layers of the style loss."""
    style_weights: tuple[float, ...] = (1.0,)
    """Weight of each style image; the weights are scaled to sum to 1."""
    content_weight: float = 1.0
    """Weight of the content loss, alpha."""
    style_weight: float = 50.0
    """Weight of the style loss, beta."""
    tv_weight: float = 0.0
    """Weight of the total variation."""
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    """Optimizer; both evaluate the loss once per step."""
    lr: float = 0.02
    """Learning rate of Adam; pixels are in [-1, 1]."""
    start: Literal["content", "noise"] = "content"
    """Image before the first step."""

    def build(self, spec: Spec, network: StyleNetwork) -> Algorithm:
        """The algorithm for a content image of that shape.

        Args:
          spec: its feature ``content`` is the image.
          network: the frozen network.

        Raises:
          InputError: a weight is invalid; the message says why.
        """
        (content,) = needs(spec, "content")
        self._check()
        tx = lbfgs() if self.optimizer == "lbfgs" else optax.adam(self.lr)

        def init(key: PRNGKey, batch: Batch) -> TrainState:
            noise = 0.1 * jax.random.normal(key, (1, *content.shape))
            pixels = batch["image"] if self.start == "content" else noise
            return TrainState.create({"image": Player.create({"params": {"pixels": pixels}}, tx)})

        def loss(given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
            del key
            return self.loss(network, given, batch)

        def image(weights: dict[str, Variables], inputs: Any, key: PRNGKey) -> Image:
            del inputs, key
            return weights["image"]["params"]["pixels"].clip(-1.0, 1.0)

        frozen = {NETWORK: Frozen(network.variables, network.file, network.sha256)}
        functions = {"image": Function(image, (), content)}
        return Algorithm(init, minimize("image", loss, tx), functions, frozen=frozen)

    def targets(
        self, network: StyleNetwork, variables: Variables, content: Image, styles: Sequence[Array]
    ) -> Batch:
        """The batch of every step: the content image, its maps and the styles' Gram matrices."""
        maps = network(variables, content)
        return {
            "image": content,
            "maps": {name: maps[name] for name in self.content_layers},
            "grams": [self._grams(network(variables, image)) for image in styles],
        }

    def loss(self, network: StyleNetwork, given: Given, batch: Batch) -> tuple[Scalar, Aux]:
        """``alpha L_content + beta sum_s w_s L_style(s)`` (equation 7), plus total variation."""
        pixels = given.variables["image"]["params"]["pixels"]
        maps = network(given.frozen[NETWORK], pixels)
        share = 1.0 / len(self.content_layers)
        own = self._grams(maps)
        total = sum(self.style_weights)
        styles = [style(own, y) for y in batch["grams"]]
        terms = {
            "content": perceptual(maps, batch["maps"], dict.fromkeys(self.content_layers, share)),
            "style": sum(
                w / total * x for w, x in zip(self.style_weights, styles, strict=True)
            ),
            "tv": total_variation(pixels),
        }  # fmt: skip
        weights = {
            "content": self.content_weight, "style": self.style_weight, "tv": self.tv_weight,
        }  # fmt: skip
        loss = jnp.stack([weights[name] * term for name, term in terms.items()]).sum()
        return loss, Aux(terms)

    def _grams(self, maps: Any) -> Any:
        return grams({name: maps[name] for name in self.style_layers})

    def _check(self) -> None:
        for name in ("content_weight", "style_weight", "tv_weight"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}: {getattr(self, name)} is below 0")
        if not (min(self.style_weights) >= 0 and sum(self.style_weights) > 0):
            raise InputError(
                f"style_weights: {self.style_weights} are not above 0; give one weight a style"
            )
        if not self.lr > 0:
            raise InputError(f"lr: {self.lr} is not above 0")
