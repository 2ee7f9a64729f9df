"""VGG's feature maps of images in [-1, 1], from a file of weights with its own image scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.nets import VGG
from jaxgan.nets.vgg import convolutions
from jaxgan.typing import Image, Variables
from jaxgan.weights.files import read_weights, sha256
from jaxgan.weights.layouts import vgg_variables

_MEAN, _STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""Mean and standard deviation of ImageNet, RGB in [0, 1], for torchvision's weights."""

_CAFFE_MEAN = np.array([103.939, 116.779, 123.68])
"""Mean of ImageNet, BGR in [0, 255], for the authors' weights."""


@dataclass(frozen=True, eq=False)
class PerceptualVGG:
    """A pure function from images to feature maps, together with its weights."""

    net: VGG
    layers: tuple[str, ...]
    variables: Variables = field(repr=False)
    """Variables on the host; ``scale`` is the matrix and offset that are applied to RGB in [0,
    1]."""
    file: str
    sha256: str

    def __call__(
        self, variables: Variables, images: Image
    ) -> Mapping[str, Float[Array, "batch ..."]]:
        """The maps of the layers, by name; a grey channel is repeated."""
        rgb = jnp.broadcast_to((images + 1.0) / 2.0, (*images.shape[:3], 3))
        matrix, offset = variables["scale"]["matrix"], variables["scale"]["offset"]
        scaled = jnp.einsum("nhwc,cd->nhwd", rgb, matrix, precision="highest")
        scaled = scaled + offset.reshape(1, 1, 1, 3)
        maps: Any = self.net.apply({"params": variables["params"]}, scaled)
        return {name: maps[name] for name in self.layers}


def open_vgg(path: str, layers: Sequence[str], depth: int = 19) -> PerceptualVGG:
    """VGG with the weights of a file, up to the last of ``layers``.

    The file has torchvision's names or names such as "conv1_1/w", as in the authors' weights. It
    may also have the scale of the images as "preproc/w" and "preproc/b". With such a scale, padding
    is by reflection, as the normalised weights require; otherwise it is by zeros.

    Args:
      path: a .pth, .safetensors or .npz file.
      layers: names such as "relu5_4".
      depth: 16 or 19.

    Raises:
      InputError: a layer or the file does not exist, or the file holds the weights of another net.
    """
    known = [f"relu{place}" for place in convolutions(depth)]
    for layer in layers:
        if layer not in known:
            raise InputError(f"layer: VGG-{depth} has no {layer!r}: use one of {', '.join(known)}")
    return vgg_of(read_weights(path), layers, depth, str(path), sha256(path))


def vgg_of(
    state: Mapping[str, np.ndarray], layers: Sequence[str], depth: int, file: str, sha256: str
) -> PerceptualVGG:
    """As :func:`open_vgg`, for tensors already read from ``file``; the layers must be known."""
    known = [f"relu{place}" for place in convolutions(depth)]
    last = max(layers, key=known.index)
    scaled = "preproc/w" in state
    net = VGG(depth, "reflect" if scaled else "zero", last)
    later = {f"conv{name.removeprefix('relu')}" for name in known[known.index(last) + 1 :]}
    state = {name: x for name, x in state.items() if name.split("/")[0] not in later}
    variables = {**vgg_variables(state, net), "scale": _scale(state)}
    return PerceptualVGG(net, tuple(layers), variables, file, sha256)


def _scale(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The matrix (in, out) and the offset for RGB in [0, 1]."""
    if "preproc/w" in state:
        matrix, offset = state["preproc/w"][:, :, 0, 0].T, state["preproc/b"]
    elif "conv1_1/w" in state:
        matrix, offset = 255 * np.eye(3)[::-1], -_CAFFE_MEAN
    else:
        matrix, offset = np.diag(1 / _STD), -_MEAN / _STD
    return {"matrix": np.asarray(matrix, np.float32), "offset": np.asarray(offset, np.float32)}
