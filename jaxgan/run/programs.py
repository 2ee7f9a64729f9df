"""A run as calls of compiled programs: one step each, or several, from the host or the device."""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax

from jaxgan.core import Algorithm, TrainState, advance, several
from jaxgan.data.examples import Source, Unpaired
from jaxgan.data.pipeline import batches
from jaxgan.data.resident import gather, resident
from jaxgan.data.sources.opening import image_shape
from jaxgan.ops.pixels import to_uint8
from jaxgan.run.config import Run
from jaxgan.system.devices import Devices, leading
from jaxgan.typing import Batch, Metrics, PRNGKey


class Program(NamedTuple):
    """Some steps, compiled."""

    steps: int
    step: Callable[..., Any]
    """``(state, feed, root) -> (state, metrics)``, the metrics with an axis of steps if several."""
    show: Callable[..., Any]
    """``(state, feed, key) -> uint8 images (rows, columns, h, w, c)`` with averaged weights."""


class Call(NamedTuple):
    """One call of a program."""

    step: int
    """The number of its last step, from 1."""
    program: Program
    feed: Batch
    """Its batches, or the data set that it takes them from, on the devices."""


def calls(
    run: Run,
    source: Source | Unpaired,
    algorithm: Algorithm,
    devices: Devices,
    like: TrainState,
) -> Callable[[int], Iterator[Call]]:
    """``start -> calls``, those that bring a run from step ``start`` to its end.

    However often it starts, its programs are compiled once.
    """
    make = _from_device if run.data.on_device else _from_host
    programs, feed = make(run, source, algorithm, devices, like)

    def from_step(start: int) -> Iterator[Call]:
        for begin, end, count in stretches(start, run.steps, run.steps_per_call):
            stream = feed(begin, count)
            for last in range(begin + count, end + 1, count):
                yield Call(last, programs(count), next(stream))

    return from_step


def stretches(start: int, steps: int, per_call: int) -> list[tuple[int, int, int]]:
    """``(begin, end, steps a call)``: single steps up to a multiple, whole calls, the rest."""
    first = min(-(-start // per_call) * per_call, steps)
    last = first + (steps - first) // per_call * per_call
    parts = [(start, first, 1), (first, last, per_call), (last, steps, 1)]
    return [part for part in parts if part[0] < part[1]]


def _from_host(
    run: Run,
    source: Source | Unpaired,
    algorithm: Algorithm,
    devices: Devices,
    like: TrainState,
) -> Any:
    """Batches by tf.data, each process its part."""

    @functools.cache
    def programs(count: int) -> Program:
        lead = leading(algorithm, count)
        step = advance(algorithm)
        step = several(step, count) if count > 1 else step

        def seen(state: TrainState, feed: Batch) -> Batch:
            del state
            return jax.tree.map(
                lambda leaf: _joined(leaf, devices, lead)[-1 if count > 1 else ...], feed
            )

        return Program(count, devices.compile(step, like, lead), _show(algorithm, seen, devices))

    def feed(start: int, count: int) -> Iterator[Batch]:
        stream = batches(
            source,
            run.data,
            seed=run.seed,
            start_step=start,
            batches_per_step=algorithm.batches_per_step,
            steps_per_call=count,
            host=jax.process_index(),
            hosts=jax.process_count(),
        )
        return devices.put(stream, leading(algorithm, count))

    return programs, feed


def _joined(leaf: jax.Array, devices: Devices, lead: int) -> jax.Array:
    """A batch as the algorithm knows it, where pmap has split its example axis in two."""
    if devices.parallel.compile == "jit":
        return leaf
    return leaf.reshape(*leaf.shape[:lead], -1, *leaf.shape[lead + 2 :])


def _from_device(
    run: Run,
    source: Source | Unpaired,
    algorithm: Algorithm,
    devices: Devices,
    like: TrainState,
) -> Any:
    """Batches gathered in the compiled step from a data set on each device."""
    examples = jax.device_put(resident(source, run.data), devices.replicated)
    shape, n = image_shape(source, run.data), algorithm.batches_per_step

    def batch_of(examples: Batch, step: jax.Array) -> Batch:
        return gather(examples, run.data, shape, run.seed, step, n)

    def step(state: TrainState, examples: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
        return advance(algorithm)(state, batch_of(examples, state.step), root)

    def seen(state: TrainState, examples: Batch) -> Batch:
        return batch_of(examples, state.step - 1)

    @functools.cache
    def programs(count: int) -> Program:
        whole = several(step, count, stacked=False) if count > 1 else step
        show = _show(algorithm, seen, devices)
        return Program(count, devices.compile(whole, like, None), show)

    return programs, lambda start, count: itertools.repeat(examples)


def _show(algorithm: Algorithm, seen: Any, devices: Devices) -> Callable[..., Any]:
    """The sheet, whole on each device: one process alone draws it."""
    return devices.jit(previewer(algorithm, seen), out_shardings=devices.replicated)


def previewer(
    algorithm: Algorithm, seen: Callable[[TrainState, Batch], Batch]
) -> Callable[..., Any]:
    """``(state, feed, key) -> uint8 images (rows, columns, h, w, c)`` with averaged weights."""

    def show(state: TrainState, feed: Batch, key: PRNGKey) -> jax.Array:
        variables = {name: player.averaged for name, player in state.players.items()}
        return to_uint8(algorithm.preview(variables, seen(state, feed), key))

    return show
