"""Features by the user's own function, on NumPy or JAX arrays."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import InputError, first_line
from jaxgan.measure.features.extractor import Features
from jaxgan.typing import Variables


def own_features(name: str, function: Callable[[Any], Any]) -> Features:
    """Features by your own ``function``, named "own/NAME": uint8 images (n, h, w, c) to (n, d).

    Row i of the vectors must depend on image i alone. Nothing is resized: images have their own
    size, and 1 or 3 channels. A function that JAX can trace is compiled. Any other, such as a
    PyTorch function, is called with NumPy arrays of equal batch size, where black images fill up
    the last batch.

    Args:
      name: name in the metrics.
      function: returns an array of NumPy, JAX or PyTorch (on the CPU, detached).

    Raises:
      InputError: on a call, if the function fails or returns another shape.
    """

    def apply(variables: Variables, images: Any) -> dict[str, jax.Array]:
        del variables
        try:
            found = function(images)
            found = found if isinstance(found, jax.Array) else np.asarray(found)
            vectors = jnp.asarray(found, jnp.float32)
        except Exception as error:
            if not isinstance(images, np.ndarray):
                raise  # JAX cannot trace it, so it gets NumPy arrays later
            raise InputError(
                f"features: {name} fails on a NumPy array of uint8 images {images.shape}"
                f" ({type(error).__name__}: {first_line(error)}): correct it"
            ) from error
        if vectors.ndim != 2 or len(vectors) != len(images):
            raise InputError(
                f"features: {name} gives {vectors.shape} for {len(images)} images: it must give"
                f" ({len(images)}, numbers of a vector)"
            )
        return {"features": vectors}

    return Features(f"own/{name}", 0, lambda images, side: images, {}, apply, own=True)


def outputs_of(features: Features, shape: tuple[int, ...]) -> tuple[dict[str, Any], bool]:
    """Features of two images of that shape, or their shapes, and whether JAX can trace them.

    Raises:
      InputError: an own function fails or returns another shape.
    """
    images = jax.ShapeDtypeStruct((2, *shape), np.uint8)
    try:
        return jax.eval_shape(features, features.variables, images), True
    except InputError:
        raise
    except Exception:  # the user's function can raise anything for an array without values
        if not features.own:
            raise
    return features(features.variables, np.zeros((2, *shape), np.uint8)), False
