"""Batches, made ahead of time as the plan of :mod:`jaxgan.data.order` says.

Each call is one function in NumPy. Arrays in memory are gathered by a few threads. Files are
decoded under tf.data, by as many threads as there are cores; TensorFlow is imported for them alone.
"""

import importlib
import itertools
import os
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np

from jaxgan.data.dataset import Dataset
from jaxgan.data.examples import DTYPES, Example
from jaxgan.data.images.augment import carried_out
from jaxgan.data.order import Order, orders
from jaxgan.data.resident import held

AHEAD = 4
"""Batches from memory that are made before they are asked for, and threads that make them."""


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


def prepare(dataset: Dataset) -> None:
    """Imports TensorFlow, which takes seconds, if the batches need it."""
    if any(stream.source.arrays is None for stream in dataset.streams.values()):
        importlib.import_module("jaxgan.data.hosttf")


def _stream(dataset: Dataset, name: str, order: Order) -> Iterator[dict[str, np.ndarray]]:
    """The batches of one stream."""
    make = _maker(dataset, name, order)
    if dataset.streams[name].source.arrays is not None:
        return _ahead(make)
    features = {k: f for k, f in dataset.features.items() if f.stream == name}
    shapes = {k: (*order.places.shape, *f.shape) for k, f in features.items()}
    return _by_tensorflow(make, shapes, {k: DTYPES[f.kind] for k, f in features.items()})


def _ahead(make: Callable[[int], Example]) -> Iterator[Example]:
    """``make(call)`` of call after call, by threads."""
    with ThreadPoolExecutor(min(AHEAD, os.cpu_count() or 1)) as threads:
        ready = deque(threads.submit(make, call) for call in range(AHEAD))
        for call in itertools.count(AHEAD):
            batch = ready.popleft().result()
            ready.append(threads.submit(make, call))
            yield batch


def _by_tensorflow(
    make: Callable[[int], Example], shapes: dict[str, tuple[int, ...]], types: dict[str, Any]
) -> Iterator[dict[str, np.ndarray]]:
    """The batches of one stream; of a call that has failed, the exception.

    An exception would lose its type and print a stack trace if it were raised under TensorFlow.
    """
    from jaxgan.data.hosttf import as_written, tf  # Here: TensorFlow is slow to import.

    errors = dict[int, Exception]()

    def attempt(call: np.int64) -> list[np.ndarray]:
        try:
            batch = make(int(call))
        except Exception as error:
            errors[int(call)] = error
            batch = {k: np.zeros(shapes[k], types[k]) for k in shapes}
        return [np.array(int(call) in errors), *(batch[k] for k in shapes)]

    def load(call: Any) -> dict[str, Any]:
        failed, *leaves = tf.numpy_function(attempt, [call], [tf.bool, *types.values()])
        leaves = [
            tf.ensure_shape(leaf, shape)
            for leaf, shape in zip(leaves, shapes.values(), strict=True)
        ]
        return {"failed": failed, **dict(zip(shapes, leaves, strict=True))}

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


def _numpy(stream: Any, errors: dict[int, Exception]) -> Iterator[dict[str, np.ndarray]]:
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
