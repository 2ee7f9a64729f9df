"""An encoder and a decoder fitted to the data, and the code between them."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.networks import ComputeDtype, fit
from jaxgan.core import Feature
from jaxgan.errors import InputError


def fit_pair(
    encoder: nn.Module,
    decoder: nn.Module,
    seen: tuple[int, ...],
    made: tuple[int, ...],
    outputs: int,
    dtype: ComputeDtype,
) -> tuple[nn.Module, nn.Module]:
    """Both nets with their derived fields set.

    Args:
      encoder: the net that outputs codes; its field ``outputs`` is set.
      decoder: the net that takes codes.
      seen: shape of the encoder's input image.
      made: shape of the decoder's output image.
      outputs: size of the encoder's output.
      dtype: data type of the computation.

    Raises:
      InputError: one net has codes that are vectors and the other maps, or the encoder has no
        field ``outputs``.
    """
    if not hasattr(encoder, "outputs"):
        raise InputError(
            f"algorithm.encoder: {type(encoder).__name__} has no field outputs, the size of its"
            " code; add one, or use DenseEncoder or ConvEncoder"
        )
    forms = [getattr(net, "code", "vector") for net in (encoder, decoder)]
    if forms[0] != forms[1]:
        raise InputError(
            f"algorithm.decoder.code: {forms[1]}, and that of the encoder is {forms[0]}: use one"
            " form for both"
        )
    encoder = fit(encoder.clone(outputs=outputs), seen, dtype, role="encoder")
    return encoder, fit(decoder, made, dtype, role="decoder")


def code_of(
    encoder: nn.Module, decoder: nn.Module, seen: tuple[int, ...], made: tuple[int, ...]
) -> Feature:
    """The code of an image, as a feature.

    Raises:
      InputError: the decoder's output has the wrong shape.
    """
    key, image = jax.random.key(0), jax.ShapeDtypeStruct((1, *seen), jnp.float32)
    code, _ = jax.eval_shape(encoder.init_with_output, key, image)
    decoded, _ = jax.eval_shape(decoder.init_with_output, key, code)
    if decoded.shape[1:] != made:
        raise InputError(
            f"algorithm.decoder: {type(decoder).__name__} makes images of {decoded.shape[1:]} of a"
            f" code of {code.shape[1:]}, and {made} are needed: use the depth of the encoder"
        )
    return Feature("array", code.shape[1:])
