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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
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


@dataclass(frozen=True, eq=False)
class Order:
    """The plan of one stream: ``order(call)`` is the plan of any call, from 0."""

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
        """The plan of a call."""
        block, place = divmod(call, self._calls)
        return {name: leaf[place] for name, leaf in self._block(block).items()}

    @cached_property
    def _calls(self) -> int:
        """Calls in a block: NumPy is fast at many small calls at once."""
        return max(1, _AT_ONCE // self.places.size)

    @cached_property
    def _block(self) -> Callable[[int], Plan]:
        """The plans of a block of calls, along a leading axis; the last ones are remembered."""
        return lru_cache(maxsize=2)(self._planned)

    def _planned(self, block: int) -> Plan:
        calls = np.arange(self._calls, dtype=np.uint64).reshape(-1, *(1,) * self.places.ndim)
        first = np.uint64(self.first + block * self._calls * self.stride)
        position = first + calls * np.uint64(self.stride) + self.places
        epoch, place = np.divmod(position, np.uint64(self.size))
        index = permuted(place, bits(*self.key, _SHUFFLE, epoch), self.size)
        plan: Plan = {"index": index.astype(np.int32)}
        if not (self.crop or self.flip or self.jitter):
            return plan
        random = _random(bits(*self.key, _AUGMENT, epoch, index))
        if self.crop:
            plan |= {"y": random[..., _CROP_Y], "x": random[..., _CROP_X]}
        if self.flip:
            plan["flip"] = random[..., _FLIP] < 2**15
        if self.jitter:
            plan["jitter"] = random[..., _JITTER:]
        return plan


def _random(example: np.ndarray) -> np.ndarray:
    """Six fractions times 2^16 of each example, along a last axis."""
    own = bits(example[..., None] + np.arange(_JITTER + 3, dtype=np.uint64))
    return (own >> np.uint64(48)).astype(np.int32)


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
            crop=images and (data.crop > 0 or not data.resize),
            flip=images and data.flip,
            jitter=images and data.jitter > 0,
        )

    return {name: order(i, name) for i, name in enumerate(sorted(dataset.streams))}


def plans(dataset: Dataset, **where: int) -> Iterator[dict[str, Plan]]:
    """The plans of call after call, for ever, by stream; other arguments as in :func:`orders`."""
    found = orders(dataset, **where)
    return ({name: order(call) for name, order in found.items()} for call in itertools.count())
