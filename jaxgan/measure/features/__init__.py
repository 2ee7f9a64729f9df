"""Feature vectors of images, which FID, KID, the Inception score, precision and recall compare."""

from jaxgan.measure.features.extractor import (
    Features,
    Resize,
    inception_features,
    squeezenet_features,
    vgg_features,
)
from jaxgan.measure.features.opening import open_features
from jaxgan.measure.features.own import outputs_of, own_features
from jaxgan.measure.features.resizing import clean, legacy_pytorch, legacy_tensorflow
from jaxgan.weights.layouts import (
    State,
    inception_variables,
    squeezenet_variables,
    vgg_variables,
)

__all__ = [
    "Features",
    "Resize",
    "State",
    "clean",
    "inception_features",
    "inception_variables",
    "legacy_pytorch",
    "legacy_tensorflow",
    "open_features",
    "outputs_of",
    "own_features",
    "squeezenet_features",
    "squeezenet_variables",
    "vgg_features",
    "vgg_variables",
]
