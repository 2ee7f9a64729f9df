"""The plan of every batch: which examples, and where each is cropped, mirrored and coloured.

Example number ``p`` of a leg, over all hosts, is ``p = (step n + k) B + j`` for place ``j`` of
batch ``k`` of the ``n`` batches of a step, each of ``B`` examples. It is the ``p mod N``-th of
epoch ``p div N``, and each epoch is a permutation of the ``N`` training examples. So batches run
over the end of an epoch, no example is dropped, and any step can be reached without those before
it. Each stream has an order of its own, of its own ``N``.

The plan is computed on the host. :mod:`jaxgan.data.pipeline` and :mod:`jaxgan.data.resident` both
carry it out, and give the same batches to the bit.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from jaxgan.data.dataset import Dataset
from jaxgan.data.permutation import bits, permuted
from jaxgan.errors import InputError

Plan: TypeAlias = dict[str, np.ndarray]
"""``index``: places in the training part of a stream, int32. With random windows ``y`` and ``x``,
the fractions of the room above and left of the window, times 2^16, int32; with mirroring ``flip``,
bool; with jitter ``jitter``, three fractions times 2^16, int32 (..., 3)."""

_SHUFFLE, _AUGMENT = 0, 1
"""Numbers of one purpose have nothing to do with those of the other."""

_AT_ONCE = 4096
"""Examples that are planned at once."""

_FLIP, _CROP_Y, _CROP_X, _JITTER = 0, 1, 2, 3
"""The decision of each random number of an example; jitter takes three."""


@dataclass(frozen=True)
class Order:
    """The plan of one stream: ``order(call)`` is the plan of any call."""

    size: int
    """Training examples of the stream."""
    key: tuple[int, ...]
    """Decides the order and the augmentation: the seed, the leg and the number of the stream."""
    first: int
    """Position of the first example of call 0, over all hosts."""
    stride: int
    """Examples from call to call, over all hosts."""
    places: np.ndarray
    """Places of this host's examples within a call, in the shape of a batch."""
    crop: bool
    flip: bool
    jitter: bool

    def __call__(self, call: int) -> Plan:
        """The plan of a call, from 0."""
        return {name: leaf[0] for name, leaf in self.block(call, 1).items()}

    def block(self, call: int, count: int) -> Plan:
        """The plans of ``count`` calls, along a leading axis: NumPy is fast at many at once."""
        firsts = np.uint64(self.first + call * self.stride) + (
            np.arange(count, dtype=np.uint64) * np.uint64(self.stride)
        )
        position = firsts.reshape(-1, *(1,) * self.places.ndim) + self.places
        epoch, place = np.divmod(position, np.uint64(self.size))
        index = permuted(place, bits(*self.key, _SHUFFLE, epoch), self.size)
        plan = {"index": index.astype(np.int32)}
        if not (self.crop or self.flip or self.jitter):
            return plan
        example = bits(*self.key, _AUGMENT, epoch, index)[..., None]
        random = _bits_of_each(example) >> np.uint64(48)
        if self.crop:
            plan |= {"y": random[..., _CROP_Y], "x": random[..., _CROP_X]}
        if self.jitter:
            plan["jitter"] = random[..., _JITTER:]
        plan = {name: leaf.astype(np.int32) for name, leaf in plan.items()}
        return {**plan, "flip": random[..., _FLIP] < 2**15} if self.flip else plan


def _bits_of_each(example: np.ndarray) -> np.ndarray:
    """The six random numbers of each example, along the last axis."""
    return bits(example + np.arange(_JITTER + 3, dtype=np.uint64))


def orders(
    dataset: Dataset,
    *,
    seed: int,
    start_step: int = 0,
    batches_per_step: int = 1,
    steps_per_call: int = 1,
    host: int = 0,
    hosts: int = 1,
    leg: int = 0,
) -> dict[str, Order]:
    """The order of each stream, from a step on.

    Args:
      dataset: the examples, and how they become batches.
      seed: decides the order and the augmentation.
      start_step: the first step to give, counted from the leg's first.
      batches_per_step: n fresh batches a step; if n > 1, leaves have shape ``(n, b, ...)``.
      steps_per_call: k steps at once; if k > 1, leaves have a leading axis of k before these.
      host: this process's number, from 0.
      hosts: number of processes; each gets its ``b = batch_size / hosts`` examples of each batch,
        and these, in the order of the hosts, are the batch that one host would get.
      leg: number of the leg, from 0: each has an order of its own.

    Raises:
      InputError: a batch is larger than the training part, or doesn't divide among the hosts.
    """
    dataset.check_batch_size()
    data, k, n = dataset.data, steps_per_call, batches_per_step
    if data.batch_size % hosts:
        raise InputError(
            f"data.batch_size: {data.batch_size} does not divide among {hosts} hosts: "
            f"use a multiple of {hosts}"
        )
    b = data.batch_size // hosts
    places = np.arange(k * n)[:, None] * data.batch_size + host * b + np.arange(b)
    places = places.reshape(*(() if k == 1 else (k,)), *(() if n == 1 else (n,)), b)
    step = n * data.batch_size

    def order(number: int, name: str) -> Order:
        images = dataset.has_images(name)
        return Order(
            size=len(dataset.streams[name].train),
            key=(seed, leg, number),
            first=start_step * step,
            stride=k * step,
            places=places.astype(np.uint64),
            crop=images and data.crop > 0,
            flip=images and data.flip,
            jitter=images and data.jitter > 0,
        )

    return {name: order(i, name) for i, name in enumerate(sorted(dataset.streams))}


def plans(
    dataset: Dataset,
    *,
    seed: int,
    start_step: int = 0,
    batches_per_step: int = 1,
    steps_per_call: int = 1,
    host: int = 0,
    hosts: int = 1,
    leg: int = 0,
) -> Iterator[dict[str, Plan]]:
    """The plans of call after call, for ever, by the name of their stream: see :func:`orders`."""
    found = orders(
        dataset,
        seed=seed,
        start_step=start_step,
        batches_per_step=batches_per_step,
        steps_per_call=steps_per_call,
        host=host,
        hosts=hosts,
        leg=leg,
    )
    return _each(found)


def _each(found: dict[str, Order]) -> Iterator[dict[str, Plan]]:
    size = next(iter(found.values())).places.size
    count = max(1, _AT_ONCE // size)
    for call in itertools.count(0, count):
        blocks = {name: order.block(call, count) for name, order in found.items()}
        for i in range(count):
            yield {
                name: {key: leaf[i] for key, leaf in block.items()}
                for name, block in blocks.items()
            }
