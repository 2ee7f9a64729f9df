"""Types that several modules share, and their conventions.

Images are NHWC. On the host and during transfer they are ``uint8``; on the device they are floats
in [-1, 1], where -1 is black. Keys are typed (``jax.random.key``). A loss is a mean over the global
batch. Scores (logits) have shape ``(batch,)``; a patch discriminator's have ``(batch, h, w)``.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from jaxtyping import Array, Float, Int, Key

Image: TypeAlias = Float[Array, "batch height width channels"]
"""Images in [-1, 1]."""

Enlarged: TypeAlias = Float[Array, "batch tall wide channels"]
"""Images in [-1, 1] whose size may differ from that of an :data:`Image` in the same signature."""

Examples: TypeAlias = Float[Array, "batch *example"]
"""Examples as input of a network: images in [-1, 1], or standardised points."""

Latent: TypeAlias = Float[Array, "batch latent"]
"""Latent codes z."""

Label: TypeAlias = Int[Array, "batch"]
"""Class indices, from 0."""

Logits: TypeAlias = Float[Array, "batch *patches"]
"""Raw scores of a discriminator or critic, before any sigmoid."""

ClassLogits: TypeAlias = Float[Array, "batch classes"]
"""Logits of the classes, before any softmax."""

Scalar: TypeAlias = Float[Array, ""]
"""One number."""

PRNGKey: TypeAlias = Key[Array, ""]
"""One typed random key."""

Keys: TypeAlias = Key[Array, "*members"]
"""One typed random key, or one per member of a population."""

Batch: TypeAlias = Any
"""A pytree of arrays: NumPy arrays on the host, JAX arrays on the device.

A batch of the pipeline is ``{"image": uint8 (n, h, w, c)}``, with ``"label": int32 (n,)`` if the
data has labels; for two domains it is ``{"a": uint8 (n, h, w, c), "b": uint8 (n, h, w, c)}``.
"""

Metrics: TypeAlias = dict[str, Array]
"""Named scalars that a step reports."""

Params: TypeAlias = Any
"""A pytree of trainable arrays."""

Variables: TypeAlias = dict[str, Any]
"""Linen variables: ``{"params": ..., "batch_stats": ...}``."""

Critic: TypeAlias = Callable[[Any], Logits]
"""A function from examples to scores, with parameters and labels already bound."""
