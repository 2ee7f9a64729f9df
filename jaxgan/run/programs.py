"""The compiled programs of one leg; their batches come from the host or from the device."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.core import Algorithm, TrainState, Update, advance, several
from jaxgan.core.population import Population, stacked
from jaxgan.data.dataset import Dataset
from jaxgan.data.order import plans
from jaxgan.data.pipeline import batches, prepare
from jaxgan.data.resident import gather, resident
from jaxgan.ops.pixels import to_uint8
from jaxgan.system.devices import Devices, leading
from jaxgan.typing import Batch, Metrics, PRNGKey

Step = Callable[..., Any]
"""``(state, feed, root) -> (state, metrics)``; metrics of several steps have a leading axis."""


class Setting(NamedTuple):
    """Inputs from which the programs of a leg are compiled."""

    algorithm: Algorithm
    dataset: Dataset
    devices: Devices
    like: TrainState
    """Shapes of the state, including the frozen weights."""
    seeds: tuple[int, ...]
    """Seeds of the data order: one, or one per member of a population."""
    leg: int
    population: Population | None = None
    """Members that are trained together; None: a single run."""

    def feeds(
        self, make: Callable[..., Iterator[Any]], begin: int, count: int, **share: int
    ) -> Iterator[Any]:
        """The stream of ``plans`` or ``batches`` from step ``begin`` of the leg on.

        Several seeds add an axis of members.
        """
        n = self.algorithm.batches_per_step
        where = {"start_step": begin, "leg": self.leg, "batches_per_step": n}
        streams = [
            make(self.dataset, seed=seed, steps_per_call=count, **where, **share)
            for seed in self.seeds
        ]
        if len(streams) == 1:
            return streams[0]
        return (stacked(own, np.stack) for own in zip(*streams, strict=True))

    def compile(
        self, make: Callable[[Algorithm], Update], count: int, resident: bool = False
    ) -> Step:
        """Compiles ``make(algorithm)``, a call of ``count`` steps, for all members at once."""
        devices, population = self.devices, self.population
        lead = leading(self.algorithm, count)
        if population is None:
            return devices.compile(make(self.algorithm), self.like, lead, resident)
        axis = population.batch_axis
        step = population.step(make, count, (None, axis) if resident else axis)
        return devices.compile(step, self.like, lead, resident)


class FromHost:
    """Batches from the host's pipeline; each process loads its own part of a batch."""

    def __init__(self, setting: Setting):
        """Compiles nothing yet."""
        prepare(setting.dataset)
        self._setting = setting
        self.step = functools.cache(self._step)
        self.called: set[int] = set()

    def _step(self, count: int) -> Step:
        return self._setting.compile(lambda a: _steps(advance(a), count), count)

    def feeds(self, begin: int, count: int) -> Iterator[Batch]:
        """Inputs of calls of ``count`` steps, on the devices, from step ``begin`` of the leg on."""
        return self._setting.devices.put(
            self._batches(begin, count, host=jax.process_index(), hosts=jax.process_count()),
            leading(self._setting.algorithm, count),
        )

    def first(self) -> Batch:
        """The whole first batch of the leg, for ``init``."""
        return next(self._batches(0, 1))

    def free(self) -> None:
        """Does nothing: no data stay on the devices between two calls."""

    def _batches(self, begin: int, count: int, **share: int) -> Iterator[Batch]:
        return self._setting.feeds(batches, begin, count, **share)


class FromDevice:
    """Batches gathered in the compiled step from a data set that every device holds whole."""

    def __init__(self, setting: Setting):
        """Compiles nothing yet and puts nothing on the devices."""
        self._setting = setting
        self.step = functools.cache(self._step)
        self.called: set[int] = set()

    @functools.cached_property
    def _data(self) -> Batch:
        return jax.device_put(resident(self._setting.dataset), self._setting.devices.replicated)

    def free(self) -> None:
        """Deletes the data from the devices until they are needed again."""
        for array in self.__dict__.pop("_data", {}).values():
            array.delete()

    def _step(self, count: int) -> Step:
        return self._setting.compile(lambda a: self._call(a, count), count, resident=True)

    def _call(self, algorithm: Algorithm, count: int) -> Update:
        taken = advance(algorithm)

        def call(state: TrainState, feed: Any, root: PRNGKey) -> tuple[TrainState, Metrics]:
            data, planned = feed

            def step(state: TrainState, plan: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
                return taken(state, self._gather(data, plan), root)

            return _steps(step, count)(state, planned, root)

        return call

    def feeds(self, begin: int, count: int) -> Iterator[Batch]:
        """Inputs of calls of ``count`` steps, on the devices, from step ``begin`` of the leg on."""
        setting = self._setting
        share = {"host": jax.process_index(), "hosts": jax.process_count()}
        stream = setting.feeds(plans, begin, count, **share)
        placed = setting.devices.put(stream, leading(setting.algorithm, count))
        data = self._data
        return ((data, plan) for plan in placed)

    def first(self) -> Batch:
        """The whole first batch of the leg, for ``init``."""
        plan, gathered = next(self._setting.feeds(plans, 0, 1)), self._gather
        if len(self._setting.seeds) > 1:
            gathered = jax.vmap(gathered, (None, 0))
        return self._setting.devices.whole(gathered)(self._data, plan)

    def _gather(self, data: Batch, plan: Batch) -> Batch:
        dataset = self._setting.dataset
        return gather(data, plan, dataset.features, dataset.data.jitter)


Programs: TypeAlias = FromHost | FromDevice
"""``step(count)``: a compiled call of ``count`` steps, cached; ``called``: the counts that were
called; ``feeds``: the inputs of calls; ``first``: a batch for init; ``free``: called when the leg
has ended."""


def _steps(step: Update, count: int) -> Update:
    return several(step, count) if count > 1 else step


def stretches(start: int, end: int, per_call: int) -> list[tuple[int, int, int]]:
    """Splits the steps into stretches ``(begin, end, steps per call)``.

    Single steps lead to a multiple of ``per_call``; full calls follow; the rest are single steps.
    """
    first = min(-(-start // per_call) * per_call, end)
    last = first + (end - first) // per_call * per_call
    parts = [(start, first, 1), (first, last, per_call), (last, end, 1)]
    return [part for part in parts if part[0] < part[1]]


def shower(
    algorithm: Algorithm, devices: Devices, population: Population | None = None
) -> Callable[..., Any]:
    """A compiled ``(state, gallery, key) -> {title: array}``: a sheet's columns, averaged weights.

    Images are uint8, curves are floats. Every device computes the whole sheet, and one process
    draws it. For a population, arrays have a leading axis, and each member has its own key.
    """
    titles: list[str] = []

    def make(algorithm: Algorithm) -> Callable[..., Any]:
        def show(state: TrainState, gallery: Batch, key: PRNGKey) -> list[jax.Array]:
            columns = algorithm.show(state.weights(), gallery, key)
            titles[:] = columns  # jit returns a dict with sorted keys
            return [_drawn(column) for column in columns.values()]

        return show

    show = population.of_states(make, (None, 0)) if population else make(algorithm)
    compiled = devices.whole(show)
    return lambda *args: dict(zip(titles, compiled(*args), strict=True))


def _drawn(column: jax.Array) -> jax.Array:
    """Images as uint8; curves unchanged."""
    is_image = column.ndim > 2 and jnp.issubdtype(column.dtype, jnp.floating)
    return to_uint8(column) if is_image else column
