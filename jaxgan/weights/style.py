"""Networks for content and style: VGG or SqueezeNet, from a file of weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxgan.errors import InputError
from jaxgan.losses.perceptual import Maps
from jaxgan.nets import SqueezeNet
from jaxgan.nets.squeezenet import MAPS
from jaxgan.nets.vgg import convolutions
from jaxgan.typing import Image, Variables
from jaxgan.weights.files import read_weights, sha256
from jaxgan.weights.layouts import State, squeezenet_variables, torchvision_modules
from jaxgan.weights.vgg import vgg_of

SOURCE = (
    "name a file: VGG-19 as torchvision's vgg19-dcbb9e9d.pth, the authors' normalised"
    " vgg_conv.pth, or an .npz or .safetensors file with names such as conv1_1/w"
)
"""Advice for a call without a file."""

_SQUEEZENET_MEAN = np.array([104.0, 117.0, 123.0], np.float32)
"""Mean of ImageNet, BGR in [0, 255], for the image scale of SqueezeNet's weights."""

Role = Literal["content", "style"]

_DEFAULTS: dict[str, dict[Role, tuple[str, ...]]] = {
    "VGG": {
        "content": ("relu4_2",),
        "style": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    },
    "SqueezeNet": {"content": ("fire4",), "style": ("relu1", "fire2", "fire4", "fire6")},
}
"""Default layers by kind of network; VGG's are those of Gatys et al. 2016."""


@dataclass(frozen=True, eq=False)
class StyleNetwork:
    """A pure function from images to the maps of some layers, together with its weights."""

    maps: Callable[[Variables, Image], Maps]
    variables: Variables = field(repr=False)
    """Variables on the host; ``means`` has the divisor of the maps, by layer and channel."""
    file: str
    sha256: str

    def __call__(self, variables: Variables, images: Image) -> Maps:
        """The maps of images in [-1, 1], by layer."""
        maps = self.maps(variables, images)
        return {name: x / variables["means"][name].reshape(1, 1, 1, -1) for name, x in maps.items()}

    def activations(self, images: Sequence[Array]) -> dict[str, np.ndarray]:
        """The mean activation of each channel over all images, by layer."""

        def means(variables: Variables, image: Image) -> Any:
            return {name: x.mean((0, 1, 2)) for name, x in self(variables, image).items()}

        found = [jax.device_get(jax.jit(means)(self.variables, image)) for image in images]
        return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

    def normalised(self, activations: Mapping[str, np.ndarray]) -> "StyleNetwork":
        """The network with mean activation 1 in channels whose mean activation was ``activations``.

        ReLU and max pooling commute with positive factors. So dividing the maps has the same effect
        as scaling each layer's weights and undoing it in the next layer, as in Gatys et al. 2016
        (section 2). A nearly dead channel is divided by the mean of its layer.
        """
        means = {}
        for name, found in activations.items():
            typical = found.mean() or 1.0
            means[name] = np.where(found > 1e-3 * typical, found, typical).astype(np.float32)
        return replace(self, variables={**self.variables, "means": means})


def is_normalised(activations: Mapping[str, np.ndarray]) -> bool:
    """Whether the median channel of every layer has a mean activation near 1 (0.5 to 2)."""
    return all(0.5 <= np.median(found) <= 2.0 for found in activations.values())


@dataclass(frozen=True, eq=False)
class StyleFile:
    """The contents of a file of weights."""

    path: str
    sha256: str
    name: str
    """Name of the network: VGG-16, VGG-19 or SqueezeNet."""
    layers: tuple[str, ...]
    """Layers whose weights the file has, in order."""
    state: State = field(repr=False)

    def choose(self, role: Role, asked: Sequence[str]) -> tuple[tuple[str, ...], str]:
        """The layers for content or style, and a message if they are not the paper's.

        Args:
          role: content or style.
          asked: names such as relu4_2, or conv4_2 for the same layer; none: the defaults.

        Raises:
          InputError: the network has no such layer, or this file lacks it.
        """
        if asked:
            return tuple(self._known(name, f"{role}_layers") for name in asked), ""
        wanted = _DEFAULTS[self.name.split("-")[0]][role]
        chosen = tuple(name for name in wanted if name in self.layers) or self.layers[-1:]
        if chosen == wanted:
            return chosen, ""
        return chosen, (
            f"{role}_layers: {', '.join(chosen)} (the file ends at {self.layers[-1]}; the paper has"
            f" {', '.join(wanted)})"
        )

    def open(self, layers: Sequence[str]) -> StyleNetwork:
        """The network up to the last of ``layers``, as returned by :meth:`choose`.

        Raises:
          InputError: the file holds the weights of another net.
        """
        layers = tuple(dict.fromkeys(layers))
        if self.name == "SqueezeNet":
            maps, variables = _squeezenet(layers), squeezenet_variables(self.state)
        else:
            vgg = vgg_of(self.state, layers, self.depth, self.path, self.sha256)
            maps, variables = vgg, vgg.variables
        shape = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
        shapes = jax.eval_shape(maps, variables, shape)
        means = {name: np.ones(x.shape[-1:], np.float32) for name, x in shapes.items()}
        return StyleNetwork(maps, {**variables, "means": means}, self.path, self.sha256)

    @property
    def depth(self) -> int:
        """The number of VGG's layers with weights."""
        return int(self.name.split("-")[1])

    def _known(self, name: str, where: str) -> str:
        layer = name.replace("conv", "relu") if self.name != "SqueezeNet" else name
        if layer in self.layers:
            return layer
        squeeze = self.name == "SqueezeNet"
        every = MAPS if squeeze else [f"relu{place}" for place in convolutions(self.depth)]
        if layer in every:
            raise InputError(
                f"{where}: {name} is beyond the weights of {self.path}, which end at"
                f" {self.layers[-1]}: use layers up to that, or another file"
            )
        raise InputError(f"{where}: {self.name} has no layer {name!r}: use {', '.join(every)}")


def read_style_file(path: str) -> StyleFile:
    """Reads a file of weights for style transfer.

    Args:
      path: a .pth, .safetensors or .npz file: torchvision's VGG-16 or VGG-19, the authors' names
        (conv1_1.weight or conv1_1/w), or SqueezeNet v1.0 with names such as fire2/squeeze1x1/w.

    Raises:
      InputError: no file is given, it cannot be read, or it holds another network.
    """
    if not path:
        raise InputError(f"weights: style transfer needs a network's weights: {SOURCE}")
    state = _with_slashes(read_weights(path))
    digest = sha256(path)
    if "fire2/squeeze1x1/w" in state:
        return StyleFile(path, digest, "SqueezeNet", MAPS, state)
    later = "conv4_1/w" in state or "features.17.weight" in state
    deep = "conv3_4/w" in state or "features.16.weight" in state
    depth = 16 if later and not deep else 19
    layers = _layers(state, depth)
    if not layers:
        raise InputError(
            f"weights: {path} has neither conv1_1 nor features.0 of VGG, nor fire2 of SqueezeNet;"
            f" is it the weights of another net? {SOURCE}"
        )
    return StyleFile(path, digest, f"VGG-{depth}", layers, state)


def _layers(state: State, depth: int) -> tuple[str, ...]:
    """The layers before the first whose weights are missing."""
    modules, found = torchvision_modules(depth), []
    for place in convolutions(depth):
        names = {f"conv{place}/w", f"{modules[f'conv{place}']}.weight"}
        if not names & state.keys():
            break
        found.append(f"relu{place}")
    return tuple(found)


def _with_slashes(state: State) -> State:
    """Tensors with the names of the authors' vgg_conv.pth, such as conv1_1.weight, as conv1_1/w."""
    ends = {".weight": "/w", ".bias": "/b"}
    if "conv1_1.weight" not in state:
        return state
    for old, new in ends.items():
        state = {name.replace(old, new): x for name, x in state.items()}
    return state


def _squeezenet(layers: tuple[str, ...]) -> Callable[[Variables, Image], Maps]:
    def maps(variables: Variables, images: Image) -> Maps:
        rgb = jnp.broadcast_to(127.5 * (images + 1.0), (*images.shape[:3], 3))
        bgr = rgb[..., ::-1] - _SQUEEZENET_MEAN.reshape(1, 1, 1, 3)
        found: Any = SqueezeNet().apply({"params": variables["params"]}, bgr)
        return {name: found[name] for name in layers}

    return maps
