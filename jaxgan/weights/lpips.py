"""LPIPS of images in [-1, 1], from VGG-16's weights and the authors' linear weights."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.metrics.lpips import lpips
from jaxgan.typing import Image, Variables
from jaxgan.weights.files import read_weights, sha256
from jaxgan.weights.vgg import PerceptualVGG, open_vgg

_LAYERS = {"relu1_2": 64, "relu2_2": 128, "relu3_3": 256, "relu4_3": 512, "relu5_3": 512}
"""Layers of version 0.1 with VGG, and their numbers of channels."""


@dataclass(frozen=True, eq=False)
class LPIPS:
    """A pure function of two batches of images, together with its weights."""

    vgg: PerceptualVGG
    variables: Variables = field(repr=False)
    """Variables on the host: VGG's, and ``linear``, the channel weights by layer."""
    name: str
    """Name used in a metric's name: "lpips-vgg"."""
    sha256: tuple[str, str]
    """SHA-256 hashes of the files of VGG and of the linear weights."""

    def __call__(self, variables: Variables, x: Image, y: Image) -> Float[Array, "batch"]:
        """The distance of each pair; 0 for equal images, usually below 1."""
        a, b = (self.vgg(variables, images) for images in (x, y))
        return lpips(a, b, variables["linear"])


def open_lpips(network: str, linear: str) -> LPIPS:
    """LPIPS with VGG-16.

    Args:
      network: torchvision's file of VGG-16, such as vgg16-397923af.pth.
      linear: the authors' file of linear weights, weights/v0.1/vgg.pth of PerceptualSimilarity.

    Raises:
      InputError: a file does not exist, or it holds other weights.
    """
    vgg = open_vgg(network, tuple(_LAYERS), depth=16)
    state: Any = read_weights(linear)
    weights = {}
    for i, (layer, channels) in enumerate(_LAYERS.items()):
        name = f"lin{i}.model.1.weight"
        if name not in state or state[name].shape != (1, channels, 1, 1):
            raise InputError(
                f"linear: {linear} has no tensor {name} of shape (1, {channels}, 1, 1); use the"
                " authors' linear weights for VGG"
            )
        weights[layer] = np.asarray(state[name], np.float32).reshape(-1)
    variables = {**vgg.variables, "linear": weights}
    return LPIPS(vgg, variables, "lpips-vgg", (vgg.sha256, sha256(linear)))
