"""Content loss: the distance of an image to its original, in pixels or in VGG's feature maps."""

from dataclasses import dataclass
from typing import Literal

from jaxgan.core import Frozen, Given
from jaxgan.errors import InputError
from jaxgan.losses.perceptual import perceptual
from jaxgan.losses.reconstruction import l2
from jaxgan.typing import Image, Scalar
from jaxgan.weights.vgg import PerceptualVGG, open_vgg

FROZEN = "vgg"
"""Name of VGG's weights among the frozen ones."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """The content loss of SRGAN."""

    weights: str = ""
    """File of VGG's weights (.pth, .safetensors or .npz), for E[(phi(G(x)) - phi(y))^2] with
    feature maps phi. Empty: the pixel loss E[(G(x) - y)^2]."""
    layer: str = "relu5_4"
    """Layer of the feature map phi: relu5_4 is the paper's VGG54, relu2_2 its VGG22."""
    depth: Literal[16, 19] = 19
    """Depth of VGG: 16 or 19 layers with weights."""
    weight: float = 1.0
    """Weight of the loss. The paper divides the feature maps by 12.75, which is a weight of 0.006
    with torchvision's weights."""

    def open(self) -> PerceptualVGG | None:
        """VGG with the weights of the file; None for pixels.

        Raises:
          InputError: no such file or layer, or the weights of another net.
        """
        if not self.weight >= 0:
            raise InputError(f"algorithm.content.weight: {self.weight} is below 0")
        if not self.weights:
            return None
        try:
            return open_vgg(self.weights, (self.layer,), self.depth)
        except InputError as error:
            raise InputError(f"algorithm.content.{error}") from None

    def loss(self, vgg: PerceptualVGG | None, given: Given, x: Image, y: Image) -> Scalar:
        """The distance of images x and y; ``vgg`` is the result of :meth:`open`."""
        if vgg is None:
            return self.weight * l2(x, y)
        own = given.frozen[FROZEN]
        return perceptual(vgg(own, x), vgg(own, y), {self.layer: self.weight})


def frozen_vgg(vgg: PerceptualVGG | None) -> dict[str, Frozen]:
    """VGG's weights as frozen weights; {} for pixels."""
    return {} if vgg is None else {FROZEN: Frozen(vgg.variables, vgg.file, vgg.sha256)}
