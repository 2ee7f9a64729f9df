"""Fast style transfer (Johnson et al. 2016): a net renders any image in one style, in one pass.

G is trained on photographs x. In a frozen network, the feature maps of G(x) should match those of
x, and their Gram matrices should match those of the style image.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Frozen, Function, Given, Spec, chain, ema, minimize
from jaxgan.errors import InputError
from jaxgan.losses.perceptual import perceptual
from jaxgan.losses.style import grams, style, total_variation
from jaxgan.nets import StyleNet
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, PRNGKey, Scalar, Variables
from jaxgan.weights.style import StyleNetwork, is_normalised, read_style_file


@dataclass(frozen=True, kw_only=True)
class FastStyle:
    """``generator`` maps photographs to paintings of one style."""

    generator: nn.Module = StyleNet()
    """Net G."""
    weights: str = ""
    """File of VGG-19, VGG-16 or SqueezeNet: .pth, .safetensors or .npz."""
    style: str = ""
    """Image whose style G learns; empty: scikit-learn's photograph of a flower."""
    style_size: int = 256
    """Longer side of the style image in pixels."""
    content_layers: tuple[str, ...] = ()
    """Layers of the content loss; empty: relu4_2, or the file's last layer."""
    style_layers: tuple[str, ...] = ()
    """Layers of the style loss; empty: the first layer of each block."""
    content_weight: float = 1.0
    """Weight of the content loss."""
    style_weight: float = 50.0
    """Weight of the style loss."""
    tv_weight: float = 0.1
    """Weight of the total variation of G(x)."""
    generator_optimizer: Optimizer = Adam(lr=1e-3, b1=0.9)
    """Optimizer of G."""
    ema_decay: float = 0.0
    """Decay per step of the moving average of G's weights; 0: none, as in the paper."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in G; parameters, optimizer, its last layer, the frozen network and
    losses stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        (image,) = needs(spec, "image")
        check_above(0, **{k: getattr(self, k) for k in ("content_weight", "style_weight")})
        check_above(0, tv_weight=self.tv_weight)
        check_above(8, style_size=self.style_size)
        check_decay(self.ema_decay)
        method = replace(self, generator=fit(self.generator, image.shape, self.compute_dtype))
        method, network, frozen = method._looking()
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")

        def loss(given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
            return method.loss(network, given, batch, key)

        multiple = getattr(method.generator, "multiple", 1)
        x = jnp.zeros((2, *image.shape))
        return assemble(
            {"generator": Network(method.generator, (x,), g, self.ema_decay > 0)},
            chain(minimize("generator", loss, g), ema("generator", self.ema_decay)),
            functions={"stylize": Function(method.stylize, ("image",), image, multiple)},
            show=method.show,
            frozen=frozen,
        )

    def loss(
        self, network: StyleNetwork, given: Given, batch: Batch, key: PRNGKey
    ) -> tuple[Scalar, Aux]:
        """The weighted sum of content loss, style loss and total variation of G(x) (equation 5)."""
        x = to_float(batch["image"])
        y, g = apply_net(self.generator, given.variables["generator"], x, key=key)
        wanted = network(given.frozen["network"], x)
        maps = network(given.frozen["network"], y)
        own = grams({name: maps[name] for name in self.style_layers})
        share = 1.0 / len(self.content_layers)
        terms = {
            "content": perceptual(maps, wanted, dict.fromkeys(self.content_layers, share)),
            "style": style(own, given.frozen["style"]["grams"]),
            "tv": total_variation(y),
        }
        weights = (self.content_weight, self.style_weight, self.tv_weight)
        loss = jnp.stack([w * x for w, x in zip(weights, terms.values(), strict=True)]).sum()
        return loss, Aux(terms, {"generator": g})

    def stylize(self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey) -> Image:
        """G(x)."""
        del key
        return apply_net(self.generator, weights["generator"], inputs["image"], train=False)[0]

    def show(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Image]:
        """Photographs beside G's outputs."""
        x = to_float(batch["image"])
        return {"image": x, "stylized": self.stylize(weights, {"image": x}, key)}

    def _looking(self) -> tuple["FastStyle", StyleNetwork, dict[str, Frozen]]:
        """The method with its layers chosen, the network, and the frozen weights of both losses."""
        try:
            file, pixels = read_style_file(self.weights), self._style_image()
            layers = {
                "content_layers": file.choose("content", self.content_layers)[0],
                "style_layers": file.choose("style", self.style_layers)[0],
            }
            network = file.open((*layers["content_layers"], *layers["style_layers"]))
        except InputError as error:
            raise InputError(f"algorithm.{error}") from None
        image = to_float(jnp.asarray(pixels[None]))
        found = network.activations([image])
        network = network if is_normalised(found) else network.normalised(found)

        def wanted(variables: Variables) -> Any:
            maps = network(variables, image)
            return grams({name: maps[name] for name in layers["style_layers"]})

        own = {"grams": jax.device_get(jax.jit(wanted)(network.variables))}
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        frozen = {
            "network": Frozen(network.variables, network.file, network.sha256),
            "style": Frozen(own, self.style or "scikit-learn's flower.jpg", digest),
        }
        return replace(self, **layers), network, frozen

    def _style_image(self) -> np.ndarray:
        from jaxgan.data.images.resize import fit_longer  # imported late: both load Pillow
        from jaxgan.data.images.rgb import read_rgb

        if self.style:
            return read_rgb(self.style, "style", self.style_size)
        from sklearn.datasets import load_sample_image  # imported late: slow to import

        return fit_longer(load_sample_image("flower.jpg"), self.style_size)
