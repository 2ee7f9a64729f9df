"""A small data set on the accelerator: each step gathers its batch inside the compiled program.

The batches are those of :func:`jaxgan.data.pipeline.batches` to the bit. The host does nothing.
"""

import operator
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Integer, UInt8

from jaxgan.core.sharding import share
from jaxgan.data.config import Data
from jaxgan.data.examples import Arrays, Source, Unpaired
from jaxgan.data.hashing import AUGMENT, bits, shuffled
from jaxgan.data.images.colour import MOST_PIXELS, jittered, mean
from jaxgan.data.images.resize import prepared
from jaxgan.data.sources.opening import check_batch_size, image_shape
from jaxgan.data.words import U64, Word, add, divide, product, widened
from jaxgan.errors import InputError
from jaxgan.typing import Batch

Images: TypeAlias = UInt8[Array, "*batch height width channels"]
"""Bytes on the device."""

_FLIP, _CROP_Y, _CROP_X, _JITTER = 0, 1, 2, 3
"""What each random number of an example decides, as in the pipeline; jitter takes three."""


def resident(source: Source | Unpaired, data: Data) -> dict[str, np.ndarray]:
    """What :func:`gather` gathers from: ``image`` (N, h, w, c) uint8, ``label`` (N,) int32 if any.

    Of two domains ``a`` (N, h, w, c) and ``b`` (M, h, w, c). Images are resized, with room for
    random windows.

    Raises:
      InputError: the examples don't lie in memory, are too large to jitter, or are fewer than a
        batch.
    """
    check_batch_size(source, data)
    size, _, channels = image_shape(source, data)
    if data.jitter and size**2 > MOST_PIXELS:
        raise InputError(
            "data.on_device: images above 4096 x 4096 pixels cannot be jittered on the device; "
            "use False, or data.jitter 0"
        )

    def images(source: Source) -> UInt8[np.ndarray, "n height width channels"]:
        return prepared(_arrays(source).images, size, data.crop, channels)

    if isinstance(source, Unpaired):
        return {"a": images(source.a), "b": images(source.b)}
    examples, labels = {"image": images(source)}, _arrays(source).labels
    return examples if labels is None else {**examples, "label": labels}


def _arrays(source: Source) -> Arrays:
    if source.arrays is None:
        raise InputError(
            f"data.on_device: {source.name} is decoded as it is read and doesn't lie in memory; "
            "use False, or data that does: digits, photos, idx: or npz:"
        )
    return source.arrays


def gather(
    examples: Batch,
    data: Data,
    shape: tuple[int, int, int],
    seed: int,
    step: Integer[Array, ""],
    batches_per_step: int = 1,
) -> Batch:
    """The batch of a step: pure, for use under ``jax.jit``, split over the devices.

    Args:
      examples: the arrays of :func:`resident`, on the device.
      data: batch size and augmentation.
      shape: (height, width, channels) of an image in the batch.
      seed: decides the order and the augmentation.
      step: from 0, below 2^31.
      batches_per_step: n; if above 1, leaves have shape ``(n, batch, ...)``.
    """
    if "image" not in examples:
        return {
            name: gather({"image": examples[name]}, data, shape, own, step, batches_per_step)[
                "image"
            ]
            for name, own in Unpaired.seeds(seed).items()
        }
    n, b = batches_per_step, data.batch_size
    places = jnp.arange(n * b, dtype=jnp.uint32).reshape((n, b) if n > 1 else (b,))
    position = add(product(step.astype(jnp.uint32), jnp.uint32(n * b)), widened(places))
    index, random = _plan(position, len(examples["image"]), seed)
    image = _windows(examples["image"], index, random, shape)
    if data.flip:
        image = jnp.where(random[_FLIP, ..., None, None, None] < 2**23, image[..., ::-1, :], image)
    if data.jitter:
        image = _jitter(image, random[_JITTER:], data.jitter)
    batch = {"image": image}
    if "label" in examples:
        batch["label"] = examples["label"].at[index].get(mode="promise_in_bounds")
    return {name: share(leaf, axis=places.ndim - 1) for name, leaf in batch.items()}


def _plan(position: U64, size: int, seed: int) -> tuple[Word, Word]:
    """Which example stands at each position, and its 6 random numbers: ``2^24 u``, whole."""
    epoch, place = divide(position, size)
    index = shuffled(place, epoch, size, seed)

    def draw(k: Word) -> Word:
        return bits(seed, AUGMENT, epoch, index, k).hi >> 8

    # The results of a loop lie in memory. Of anything else the compiler may make a part of what
    # uses it, and so hash again for each pixel.
    return index, jax.lax.map(draw, jnp.arange(_JITTER + 3, dtype=jnp.uint32))


def _windows(
    images: UInt8[Array, "n height0 width0 channels"],
    index: Word,
    random: Word,
    shape: tuple[int, int, int],
) -> Images:
    """The window of each chosen image: :func:`jaxgan.data.images.augment.windows`."""

    def window(i: Word, top: Word, left: Word) -> Array:
        return jax.lax.dynamic_slice(images, (i, top, left, jnp.uint32(0)), (1, *shape))[0]

    for _ in range(index.ndim):
        window = jax.vmap(window)
    top, left = (
        _below(images.shape[axis] - shape[axis - 1] + 1, random[k])
        for axis, k in ((1, _CROP_Y), (2, _CROP_X))
    )
    return window(index, top, left)


def _below(count: int, random: Word) -> Word:
    """``floor(u count)`` of ``2^24 u``."""
    if count == 1:
        return jnp.zeros_like(random)
    whole = product(random, jnp.uint32(count))
    return (whole.hi << 8) | (whole.lo >> 24)


def _jitter(images: Images, random: Word, strength: float) -> Images:
    """:func:`jaxgan.data.images.augment.jitter`."""
    colours = 1 if images.shape[-1] == 1 else 3
    total = jnp.sum(images, axis=(-3, -2), dtype=jnp.uint32)
    means = mean(total, images.shape[-3] * images.shape[-2]).astype(jnp.int32)
    random = (random >> 8).astype(jnp.int32)
    levels = jittered(
        [images[..., k].astype(jnp.int32) for k in range(colours)],
        [means[..., k, None, None] for k in range(colours)],
        list(random[..., None, None]),
        strength,
        operator.rshift,
    )
    clipped = jnp.clip(jnp.stack(levels, axis=-1), 0, 255).astype(jnp.uint8)
    return jnp.concatenate([clipped, images[..., colours:]], axis=-1)
