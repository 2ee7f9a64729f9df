"""The plan of every batch: its examples, and how each is cropped, flipped and jittered.

Each step has ``n`` batches of ``B`` examples. Example ``j`` of batch ``k`` has the number ``p =
(step n + k) B + j`` in its leg, over all hosts. It is example ``p mod N`` of epoch ``p div N``, and
each epoch is a permutation of the ``N`` training examples. So batches cross the end of an epoch, no
example is dropped, and any step can be reached without the steps before it. Each stream has its own
order and its own ``N``.

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
"""Arrays of a plan. ``index``: indices into the training part of a stream, int32. With random
crops ``y`` and ``x``: the fractions of the margin above and left of the window, times 2^16, int32.
With random flips ``flip``: bool. With jitter ``jitter``: three fractions times 2^16, int32
(..., 3)."""

_SHUFFLE, _AUGMENT = 0, 1
"""Words of the hash that make the random numbers of the two purposes independent."""

_AT_ONCE = 4096
"""Number of examples that are planned at once."""

_FLIP, _CROP_Y, _CROP_X, _JITTER = 0, 1, 2, 3
"""Index of each of an example's random numbers; jitter takes three."""


@dataclass(frozen=True, eq=False)
class Order:
    """The order of one stream: ``order(call)`` is the plan of any call, counted from 0."""

    size: int
    """Number of training examples of the stream."""
    key: tuple[int, ...]
    """Key of the order and the augmentation: the seed, the leg and the number of the stream."""
    first: int
    """Number of the first example of call 0, over all hosts."""
    stride: int
    """Number of examples per call, over all hosts."""
    places: np.ndarray
    """Positions of this host's examples within a call, in the shape of a batch."""
    crop: bool
    flip: bool
    jitter: bool

    def __call__(self, call: int) -> Plan:
        """The plan of a call."""
        block, place = divmod(call, self._calls)
        return {name: leaf[place] for name, leaf in self._block(block).items()}

    @cached_property
    def _calls(self) -> int:
        """Number of calls in a block: NumPy is faster if it plans many small calls at once."""
        return max(1, _AT_ONCE // self.places.size)

    @cached_property
    def _block(self) -> Callable[[int], Plan]:
        """The plans of a block of calls, along a leading axis; the last two blocks are cached."""
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
    """Six random fractions times 2^16 for each example, along a last axis."""
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
      seed: seed of the order and the augmentation.
      start_step: the first step to plan, counted from the leg's first step.
      batches_per_step: n fresh batches per step; if n > 1, leaves have shape ``(n, b, ...)``.
      steps_per_call: k steps per call; if k > 1, leaves have another leading axis of size k.
      host: the number of this process, from 0.
      hosts: number of processes; each gets ``b = batch_size / hosts`` examples of each batch.
        Concatenated in the order of the hosts, they are the batch of a single host.
      leg: number of the leg, from 0; each leg has its own order.

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
    """An endless iterator over the plans of calls, by stream; arguments as in :func:`orders`."""
    found = orders(dataset, **where)
    return ({name: order(call) for name, order in found.items()} for call in itertools.count())
