"""Prefetches batches on the host, by the plan of :mod:`jaxgan.data.order`.

The batches of a call are made by one NumPy function. A few threads gather examples that are in
memory. Files are decoded under tf.data, with as many threads as there are cores; TensorFlow is
imported only for them.
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
from jaxgan.data.resident import prepared_arrays

AHEAD = 4
"""Number of prefetched calls for data in memory, and largest number of threads that make them."""


def batches(dataset: Dataset, **where: int) -> Iterator[dict[str, np.ndarray]]:
    """An endless iterator over batches: one array per feature, with one row per example.

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
    """``make(call)`` for call 0, 1, ..., prefetched by threads."""
    with ThreadPoolExecutor(min(AHEAD, os.cpu_count() or 1)) as threads:
        ready = deque(threads.submit(make, call) for call in range(AHEAD))
        for call in itertools.count(AHEAD):
            batch = ready.popleft().result()
            ready.append(threads.submit(make, call))
            yield batch


def _by_tensorflow(
    make: Callable[[int], Example], shapes: dict[str, tuple[int, ...]], types: dict[str, Any]
) -> Iterator[dict[str, np.ndarray]]:
    """The batches of one stream, made under tf.data; a failed call raises its own exception.

    An exception that is raised inside TensorFlow would lose its type and print a stack trace.
    """
    from jaxgan.data.hosttf import as_written, tf  # Imported late: TensorFlow is slow to import.

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
    """The function ``call -> batch`` of one stream."""
    if dataset.streams[name].source.arrays is None:
        loader = dataset.loader(name)
        return lambda call: loader.batch(order(call))
    arrays, jitter = prepared_arrays(dataset, name), dataset.data.jitter
    features = {k: dataset.features[k] for k in arrays}
    return lambda call: carried_out(arrays, {name: order(call)}, features, jitter)


def _numpy(stream: Any, errors: dict[int, Exception]) -> Iterator[dict[str, np.ndarray]]:
    """The batches of a stream; raises the exception of the first failed call."""
    held = [cast("Iterator[dict[str, np.ndarray]]", stream.as_numpy_iterator())]

    def checked_batches() -> Iterator[dict[str, np.ndarray]]:
        for call in itertools.count():
            batch = next(held[0])
            if batch.pop("failed"):
                raise errors[call]
            yield batch

    generator = checked_batches()
    # A finalizer also runs at exit, while the interpreter is still alive. Later, TensorFlow would
    # wait for its decoding threads, and these for an interpreter that is gone.
    weakref.finalize(generator, held.clear)
    return generator
