"""Batches by tf.data, in an order that is a pure function of (seed, step).

Example number ``p`` of the run, over all hosts, is ``p = (step n + k) B + j`` for place ``j`` of
batch ``k`` of the ``n`` batches of a step, each of ``B`` images. It is the ``p mod N``-th of
epoch ``p div N``, and each epoch is a permutation of the ``N`` examples. So batches run over the
end of an epoch, no example is dropped, and any step can be had without those before it. Each of two
unpaired domains has such an order of its own, of its own ``N``.
"""

import weakref
from collections.abc import Iterator
from typing import cast

import numpy as np

from jaxgan.data.config import Data
from jaxgan.data.examples import Source, Unpaired
from jaxgan.data.fetch import Tensors, from_loader, from_memory
from jaxgan.data.hosttf import as_written, tf
from jaxgan.data.images.augment import flip, jitter
from jaxgan.data.loader import Loader
from jaxgan.data.randomness import AUGMENT, shuffled, uniform
from jaxgan.data.sources.opening import check_batch_size, image_shape
from jaxgan.errors import InputError

_FLIP, _CROP_Y, _CROP_X, _JITTER = 0, 1, 2, 3
"""What each random number of an example decides; jitter takes three."""


def batches(
    source: Source | Unpaired,
    data: Data,
    *,
    seed: int,
    start_step: int = 0,
    batches_per_step: int = 1,
    steps_per_call: int = 1,
    host: int = 0,
    hosts: int = 1,
) -> Iterator[dict[str, np.ndarray]]:
    """Batches for ever: ``{"image": uint8 (b, h, w, c)}``, and ``"label": int32 (b,)`` if any.

    Two domains are ``{"a": uint8 (b, h, w, c), "b": uint8 (b, h, w, c)}``, never with labels. The
    two images of a pair are cropped, mirrored and coloured by the same random numbers.

    Args:
      source: the examples.
      data: batch size, image size and augmentation.
      seed: decides the order and the augmentation; of an unpaired domain b, ``seed + 2^63`` does.
      start_step: the first step to give; nothing before it is read.
      batches_per_step: n fresh batches a step; if n > 1, leaves have shape ``(n, b, ...)``.
      steps_per_call: k steps at once; if k > 1, leaves have a leading axis of k before these.
      host: this process's number, from 0.
      hosts: number of processes; each gets its ``b = batch_size / hosts`` images of each batch,
        and these, in the order of the hosts, are the batch that one host would get.

    Raises:
      InputError: the batch is larger than the data set, or doesn't divide among the hosts; later,
        too many images cannot be read.
    """
    check_batch_size(source, data)
    _check_hosts(data, hosts)
    b, n, k = data.batch_size // hosts, batches_per_step, steps_per_call
    places = np.arange(k * n)[:, None] * data.batch_size + host * b + np.arange(b)
    leading = (*(() if k == 1 else (k,)), *(() if n == 1 else (n,)), b)
    step = n * data.batch_size
    firsts = tf.data.Dataset.range(start_step * step, np.iinfo(np.int64).max, k * step)

    def stream(source: Source, seed: int) -> Iterator[dict[str, np.ndarray]]:
        return _stream(source, data, seed, firsts, places.ravel(), leading)

    if isinstance(source, Source):
        return stream(source, seed)
    seeds = source.seeds(seed)
    both = zip(stream(source.a, seeds["a"]), stream(source.b, seeds["b"]), strict=True)
    return ({"a": a["image"], "b": b["image"]} for a, b in both)


def _stream(
    source: Source,
    data: Data,
    seed: int,
    firsts: tf.data.Dataset,
    places: np.ndarray,
    leading: tuple[int, ...],
) -> Iterator[dict[str, np.ndarray]]:
    """The examples at ``places`` after the first position of each call."""
    offsets = tf.constant(places, tf.int64)
    loader = Loader(source, data)

    def plan(first: tf.Tensor) -> Tensors:
        return _plan(first + offsets, len(source), data, seed)

    def finish(examples: Tensors) -> Tensors:
        return _finish(examples, source, data, seed, leading)

    plans = firsts.map(as_written(plan))
    if source.arrays is not None:
        stream = from_memory(plans, source.arrays, image_shape(source, data), data.crop)
    else:
        stream = from_loader(plans, loader, len(places))
    options = tf.data.Options()
    options.deterministic = True
    stream = stream.map(as_written(finish), num_parallel_calls=tf.data.AUTOTUNE).with_options(
        options
    )
    return _numpy(stream.prefetch(tf.data.AUTOTUNE), loader)


def _check_hosts(data: Data, hosts: int) -> None:
    if data.batch_size % hosts:
        raise InputError(
            f"data.batch_size: {data.batch_size} does not divide among {hosts} hosts: "
            f"use a multiple of {hosts}"
        )


def _plan(position: tf.Tensor, size: int, data: Data, seed: int) -> Tensors:
    """Which example stands at each global position, and where it is cropped."""
    index, epoch = shuffled(position, size, seed), position // size
    middle = tf.fill(tf.shape(index), 0.5)
    y, x = (
        uniform(seed, AUGMENT, epoch, index, k) if data.crop else middle for k in (_CROP_Y, _CROP_X)
    )
    return {"index": index, "epoch": epoch, "y": y, "x": x}


def _finish(
    examples: Tensors, source: Source, data: Data, seed: int, leading: tuple[int, ...]
) -> Tensors:
    """Random mirroring and colour, and the shape that a step expects."""
    image = examples["image"]

    def u(k: int) -> tf.Tensor:
        return uniform(seed, AUGMENT, examples["epoch"], examples["index"], k)

    if data.flip:
        image = flip(image, u(_FLIP))
    images = tf.split(image, len(source.images), axis=-1)
    if data.jitter:
        random = tf.stack([u(_JITTER + k) for k in range(3)], axis=1)
        images = [jitter(image, random, data.jitter) for image in images]
    shape = (*leading, *image_shape(source, data))
    batch = {
        name: tf.reshape(image, shape) for name, image in zip(source.images, images, strict=True)
    }
    if "label" in examples:
        batch["label"] = tf.reshape(examples["label"], leading)
    if "failed" in examples:
        batch["failed"] = tf.reduce_any(examples["failed"])
    return batch


def _numpy(stream: tf.data.Dataset, loader: Loader) -> Iterator[dict[str, np.ndarray]]:
    """The batches of a stream, until one has failed: then the loader's error."""
    held = [cast("Iterator[dict[str, np.ndarray]]", stream.as_numpy_iterator())]

    def generate() -> Iterator[dict[str, np.ndarray]]:
        while True:
            batch = next(held[0])
            if batch.pop("failed", False):
                assert loader.error is not None
                raise loader.error
            yield batch

    generator = generate()
    # A finalizer also runs when the program ends, before the interpreter does. Later would be too
    # late: TensorFlow waits for its decoding threads, and those for an interpreter that is gone.
    weakref.finalize(generator, held.clear)
    return generator
