"""A network with its weights and resizer: maps images to the vectors that metrics compare."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Shaped

from jaxgan.errors import InputError
from jaxgan.measure.features import resizing
from jaxgan.nets import VGG, Inception, SqueezeNet
from jaxgan.typing import Variables
from jaxgan.weights.layouts import (
    State,
    inception_variables,
    squeezenet_variables,
    vgg_variables,
)

Resize: TypeAlias = Literal["legacy_tensorflow", "legacy_pytorch", "clean"]
"""Resizer; see :mod:`jaxgan.measure.features.resizing`."""

_RESIZERS = {
    "legacy_tensorflow": resizing.legacy_tensorflow,
    "legacy_pytorch": resizing.legacy_pytorch,
    "clean": resizing.clean,
}

_TAPS = ("64", "192", "768", "2048")


@dataclass(frozen=True, eq=False)
class Features:
    """A pure function from images to feature vectors, ``features(variables, images)``."""

    name: str
    """Name used in a metric's name: "inception-2015/legacy_tensorflow"."""
    side: int
    """Side of the network's input in pixels; 0: it takes any size and nothing is resized."""
    resize: Callable[[Any, int], Any]
    """Resizer to ``side``: one of :mod:`jaxgan.measure.features.resizing`."""
    variables: Variables = field(repr=False)
    """Variables of the network, on the host."""
    apply: Callable[[Variables, Any], dict[str, Array]]
    """Function from (variables, images in 0..255 of ``side``) to "features" and perhaps
    "logits"."""
    sha256: str = ""
    """SHA-256 hash of the file of weights."""
    own: bool = False
    """Whether the features are the user's function, which JAX may be unable to trace."""

    def __call__(
        self,
        variables: Variables,
        images: Shaped[Array | np.ndarray, "batch height width channels"],
    ) -> dict[str, Float[Array, "batch _"]]:
        """Maps uint8 images, or float32 images of ``side`` in 0..255, to float32 vectors.

        ``variables`` are an argument, so that they are not compiled in. Images have 1 channel
        (grey, repeated) or 3 (RGB). "features" is (n, d). "logits" is (n, classes), if the network
        has them.

        Raises:
          InputError: the images are transparent, have another dtype, or are floats of another size.
        """
        if self.side:
            self._check(images)
            images = self.resize(images, self.side) if images.dtype == np.uint8 else images
            images = jnp.broadcast_to(images, (*images.shape[:3], 3))
        return self.apply(variables, images)

    def _check(self, images: Any) -> None:
        if images.shape[3] not in (1, 3):
            raise InputError(
                f"images: {self.name} reads 1 channel (grey) or 3 (RGB), not {images.shape[3]}: "
                "convert them first"
            )
        if images.dtype not in (np.uint8, np.float32):
            raise InputError(
                f"images: {self.name} reads uint8, or float32 in 0..255, not {images.dtype}: "
                "convert them first"
            )
        if images.dtype == np.float32 and images.shape[1:3] != (self.side, self.side):
            raise InputError(
                f"images: {self.name} reads float32 of {self.side}x{self.side} pixels, not "
                f"{images.shape[1]}x{images.shape[2]}: resize them, or pass uint8"
            )


def inception_features(
    state: State, sha256: str = "", resize: Resize = "legacy_tensorflow", tap: str = "2048"
) -> Features:
    """Features of Inception at 299 pixels: "inception-2015/legacy_tensorflow".

    A tap other than 2048 is part of the name: "inception-2015-768/clean". The logits are those
    without the bias, as the Inception score uses them. Images are scaled as in the code that the
    resizer is from: (x - 128) / 128, or 2 x / 255 - 1 with ``legacy_pytorch``.

    Raises:
      InputError: the weights are another net's, or the resizer or tap is unknown.
    """
    if tap not in _TAPS:
        raise InputError(f"tap: Inception has no {tap!r}: use one of {', '.join(_TAPS)}")
    name = "inception-2015" if tap == "2048" else f"inception-2015-{tap}"

    def scale(x: Array) -> Array:
        return 2 * x / 255 - 1 if resize == "legacy_pytorch" else (x - 128) / 128

    return Features(
        f"{name}/{resize}",
        299,
        _resizer(resize),
        inception_variables(state),
        _applied(Inception(), scale, tap, "logits_unbiased"),
        sha256,
    )


def squeezenet_features(state: State, sha256: str = "", resize: Resize = "clean") -> Features:
    """Features of SqueezeNet v1.0 at 227 pixels, the means of fire 9: "squeezenet/clean".

    Images are scaled to BGR minus (104, 117, 123).

    Raises:
      InputError: the weights are another net's, or the resizer is unknown.
    """
    mean = np.array([[[[104, 117, 123]]]], np.float32)
    return Features(
        f"squeezenet/{resize}",
        227,
        _resizer(resize),
        squeezenet_variables(state),
        _applied(SqueezeNet(), lambda x: x[..., ::-1] - mean, "features", "logits"),
        sha256,
    )


def vgg_features(state: State, sha256: str = "", resize: Resize = "clean") -> Features:
    """Features of VGG-16 at 224 pixels, fc2 after its ReLU: "vgg16-fc2/clean".

    Images are scaled as torchvision's weights require: (x / 255 - mean) / std of ImageNet.

    Raises:
      InputError: the weights are another net's, or the resizer is unknown.
    """
    mean = 255 * np.array([[[[0.485, 0.456, 0.406]]]], np.float32)
    std = 255 * np.array([[[[0.229, 0.224, 0.225]]]], np.float32)
    return Features(
        f"vgg16-fc2/{resize}",
        224,
        _resizer(resize),
        vgg_variables(state),
        _applied(VGG(16), lambda x: (x - mean) / std, "fc2", "logits"),
        sha256,
    )


def _applied(
    net: nn.Module, scale: Callable[[Any], Any], tap: str, logits: str
) -> Callable[[Variables, Any], dict[str, Array]]:
    def apply(variables: Variables, images: Any) -> dict[str, Array]:
        taps: Any = net.apply(variables, scale(images))
        return {"features": taps[tap], "logits": taps[logits]}

    return apply


def _resizer(resize: Resize) -> Callable[[Any, int], Any]:
    if resize not in _RESIZERS:
        raise InputError(f"resize: there is no {resize!r}: use one of {', '.join(_RESIZERS)}")
    return _RESIZERS[resize]
