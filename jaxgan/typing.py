"""The types that cross module borders, and the conventions that they carry.

Images are NHWC. On the host and over the bus they are ``uint8``; on the device they are float in
[-1, 1], where -1 is black. Keys are typed (``jax.random.key``). A loss is a mean over the global
batch. Scores (logits) have shape ``(batch,)``, a patch discriminator's ``(batch, h, w)``.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from jaxtyping import Array, Float, Int, Key

Image: TypeAlias = Float[Array, "batch height width channels"]
"""Images in [-1, 1]."""

Enlarged: TypeAlias = Float[Array, "batch tall wide channels"]
"""Images in [-1, 1] of another size than the images beside them."""

Examples: TypeAlias = Float[Array, "batch *example"]
"""Examples as a network sees them: images in [-1, 1], or standardised points."""

Latent: TypeAlias = Float[Array, "batch latent"]
"""Latent codes z."""

Label: TypeAlias = Int[Array, "batch"]
"""Class indices, from 0."""

Logits: TypeAlias = Float[Array, "batch *patches"]
"""Raw scores of a discriminator or critic, before any sigmoid."""

Scalar: TypeAlias = Float[Array, ""]
"""One number."""

PRNGKey: TypeAlias = Key[Array, ""]
"""One typed random key."""

Keys: TypeAlias = Key[Array, "*members"]
"""One typed random key, or one of each member of a population."""

Batch: TypeAlias = Any
"""A pytree of arrays, NumPy's on the host and JAX's on the device.

The pipeline's is ``{"image": uint8 (n, h, w, c)}``, and ``"label": int32 (n,)`` where the data has
labels; of two domains it is ``{"a": uint8 (n, h, w, c), "b": uint8 (n, h, w, c)}``.
"""

Metrics: TypeAlias = dict[str, Array]
"""Named scalars that a step reports."""

Params: TypeAlias = Any
"""A pytree of trainable arrays."""

Variables: TypeAlias = dict[str, Any]
"""Linen variables: ``{"params": ..., "batch_stats": ...}``."""

Critic: TypeAlias = Callable[[Any], Logits]
"""Any function from examples to scores, with parameters and labels already bound."""
