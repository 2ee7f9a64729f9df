"""Batches by tf.data, which carries out the plan of :mod:`jaxgan.data.order` ahead of time.

Each call is one function in NumPy: it gathers from arrays in memory, or decodes files by as many
threads as there are cores.
"""

import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np

from jaxgan.data.dataset import Dataset
from jaxgan.data.examples import DTYPES, Example
from jaxgan.data.hosttf import as_written, tf
from jaxgan.data.images.augment import carried_out
from jaxgan.data.order import Order, orders
from jaxgan.data.resident import held


def batches(dataset: Dataset, **where: int) -> Iterator[dict[str, np.ndarray]]:
    """Batches for ever: an array of each feature, with a row an example.

    The other arguments are those of :func:`jaxgan.data.order.orders`.

    Raises:
      InputError: the batch is larger than the training part, or doesn't divide among the hosts;
        later, too many images cannot be read.
    """
    found = orders(dataset, **where)
    streams = [_stream(dataset, name, order) for name, order in found.items()]
    if len(streams) == 1:
        return streams[0]
    return ({k: v for own in some for k, v in own.items()} for some in zip(*streams, strict=True))


def _stream(dataset: Dataset, name: str, order: Order) -> Iterator[dict[str, np.ndarray]]:
    """The batches of one stream; of a call that has failed, the exception.

    An exception would lose its type and print a stack trace if it were raised under TensorFlow.
    """
    make, errors = _maker(dataset, name, order), dict[int, Exception]()
    features = {k: f for k, f in dataset.features.items() if f.stream == name}
    shapes = {k: (*order.places.shape, *f.shape) for k, f in features.items()}
    types = {k: DTYPES[f.kind] for k, f in features.items()}

    def attempt(call: np.int64) -> list[np.ndarray]:
        try:
            batch = make(int(call))
        except Exception as error:
            errors[int(call)] = error
            batch = {k: np.zeros(shapes[k], types[k]) for k in features}
        return [np.array(int(call) in errors), *(batch[k] for k in features)]

    def load(call: tf.Tensor) -> dict[str, tf.Tensor]:
        failed, *leaves = tf.numpy_function(attempt, [call], [tf.bool, *types.values()])
        leaves = [
            tf.ensure_shape(leaf, shape)
            for leaf, shape in zip(leaves, shapes.values(), strict=True)
        ]
        return {"failed": failed, **dict(zip(features, leaves, strict=True))}

    calls = tf.data.Dataset.range(np.iinfo(np.int64).max)
    stream = calls.map(as_written(load), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return _numpy(stream.prefetch(tf.data.AUTOTUNE), errors)


def _maker(dataset: Dataset, name: str, order: Order) -> Callable[[int], Example]:
    """``call -> batch`` of one stream."""
    if dataset.streams[name].source.arrays is None:
        loader = dataset.loader(name)
        return lambda call: loader.batch(order(call))
    arrays, jitter = held(dataset, name), dataset.data.jitter
    features = {k: dataset.features[k] for k in arrays}
    return lambda call: carried_out(arrays, {name: order(call)}, features, jitter)


def _numpy(
    stream: tf.data.Dataset, errors: dict[int, Exception]
) -> Iterator[dict[str, np.ndarray]]:
    """The batches of a stream, until one has failed: then its exception."""
    held = [cast("Iterator[dict[str, np.ndarray]]", stream.as_numpy_iterator())]

    def generate() -> Iterator[dict[str, np.ndarray]]:
        for call in itertools.count():
            batch = next(held[0])
            if batch.pop("failed"):
                raise errors[call]
            yield batch

    generator = generate()
    # A finalizer also runs when the program ends, before the interpreter does. Later would be too
    # late: TensorFlow waits for its decoding threads, and those for an interpreter that is gone.
    weakref.finalize(generator, held.clear)
    return generator
