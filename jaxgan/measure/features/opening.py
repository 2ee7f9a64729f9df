"""Features by name: a known network with its weights, or a function in the user's file."""

import runpy
from collections.abc import Callable
from pathlib import Path

from jaxgan.errors import InputError, first_line
from jaxgan.measure.features.extractor import (
    Features,
    Resize,
    inception_features,
    squeezenet_features,
    vgg_features,
)
from jaxgan.measure.features.known import open_weights
from jaxgan.measure.features.own import own_features

_NETWORKS: dict[str, Callable[..., Features]] = {
    "inception": inception_features,
    "squeezenet": squeezenet_features,
    "vgg16": vgg_features,
}


def open_features(name: str, weights: str | None = None, resize: Resize | None = None) -> Features:
    """The features of a known network, or of a function in a Python file.

    Args:
      name: inception, squeezenet, vgg16, or FILE.py. That file is run and must define
        ``features(images)``, as :func:`own_features` takes it.
      weights: the network's file of weights; None: a known one, which is downloaded once.
      resize: resizer to the network's size; None: legacy_tensorflow for inception, otherwise clean.

    Raises:
      InputError: there is no such network, file or function, or the weights are another network's.
    """
    if name.endswith(".py"):
        if weights is not None or resize is not None:
            raise InputError(f"features: {name} has its own weights and size; leave those out")
        return own_features(Path(name).stem, _function(Path(name)))
    if name not in _NETWORKS:
        raise InputError(f"features: {name!r} is none of {', '.join(_NETWORKS)} or FILE.py")
    state, sha256 = open_weights(name, weights)
    chosen = {} if resize is None else {"resize": resize}
    return _NETWORKS[name](state, sha256, **chosen)


def _function(path: Path) -> Callable:
    if not path.is_file():
        raise InputError(f"features: there is no file {path}")
    try:
        function = runpy.run_path(str(path)).get("features")
    except Exception as error:
        raise InputError(
            f"features: {path} cannot be run ({type(error).__name__}: {first_line(error)}): correct"
            " it"
        ) from error
    if not callable(function):
        raise InputError(
            f"features: {path} needs a function features(images uint8 (n, h, w, c)) -> (n, d)"
        )
    return function
