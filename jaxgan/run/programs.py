"""The compiled programs of one leg, and their batches: from the host, or from the device."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from jaxgan.core import Algorithm, TrainState, Update, advance, several
from jaxgan.data.dataset import Dataset
from jaxgan.data.order import plans
from jaxgan.data.pipeline import batches, prepare
from jaxgan.data.resident import gather, resident
from jaxgan.ops.pixels import to_uint8
from jaxgan.system.devices import Devices, leading
from jaxgan.typing import Batch, Metrics, PRNGKey

Step = Callable[..., Any]
"""``(state, feed, root) -> (state, metrics)``; the metrics of several steps have that axis."""


class Setting(NamedTuple):
    """Parts that the programs of a leg are made of."""

    algorithm: Algorithm
    dataset: Dataset
    devices: Devices
    like: TrainState
    """Shapes of the state, with the frozen weights."""
    seed: int
    leg: int

    def order(self, begin: int, count: int, **share: int) -> dict[str, Any]:
        """The arguments of ``plans`` and ``batches`` from a step of the leg on."""
        n = self.algorithm.batches_per_step
        where = {"seed": self.seed, "start_step": begin, "leg": self.leg}
        return {**where, "batches_per_step": n, "steps_per_call": count, **share}


class FromHost:
    """Batches by the host's pipeline; each process has its share."""

    def __init__(self, setting: Setting):
        """Compiles nothing yet."""
        prepare(setting.dataset)
        self._setting = setting
        self.step = functools.cache(self._step)
        self.called: set[int] = set()

    def _step(self, count: int) -> Step:
        algorithm, _, devices, like, *_ = self._setting
        return devices.compile(_steps(advance(algorithm), count), like, leading(algorithm, count))

    def feeds(self, begin: int, count: int) -> Iterator[Batch]:
        """The feeds of calls of ``count`` steps, from a step of the leg on, on the devices."""
        return self._setting.devices.put(
            self._batches(begin, count, host=jax.process_index(), hosts=jax.process_count()),
            leading(self._setting.algorithm, count),
        )

    def first(self) -> Batch:
        """The whole first batch of the leg, for ``init``."""
        return next(self._batches(0, 1))

    def free(self) -> None:
        """Nothing stays on the devices between two calls."""

    def _batches(self, begin: int, count: int, **share: int) -> Iterator[Batch]:
        return batches(self._setting.dataset, **self._setting.order(begin, count, **share))


class FromDevice:
    """Batches gathered in the compiled step from a data set that lies whole on each device."""

    def __init__(self, setting: Setting):
        """Compiles nothing yet, and puts nothing on the devices."""
        self._setting = setting
        self.step = functools.cache(self._step)
        self.called: set[int] = set()

    @functools.cached_property
    def _data(self) -> Batch:
        return jax.device_put(resident(self._setting.dataset), self._setting.devices.replicated)

    def free(self) -> None:
        """Takes the data from the devices, until they are needed again."""
        for array in self.__dict__.pop("_data", {}).values():
            array.delete()

    def _step(self, count: int) -> Step:
        algorithm, _, devices, like, *_ = self._setting
        taken, lead = advance(algorithm), leading(algorithm, count)

        def call(state: TrainState, feed: Any, root: PRNGKey) -> tuple[TrainState, Metrics]:
            data, planned = feed

            def step(state: TrainState, plan: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
                return taken(state, self._gather(data, plan), root)

            return _steps(step, count)(state, planned, root)

        return devices.compile(call, like, lead, resident=True)

    def feeds(self, begin: int, count: int) -> Iterator[Batch]:
        """The feeds of calls of ``count`` steps, from a step of the leg on, on the devices."""
        setting = self._setting
        share = {"host": jax.process_index(), "hosts": jax.process_count()}
        stream = plans(setting.dataset, **setting.order(begin, count, **share))
        placed = setting.devices.put(stream, leading(setting.algorithm, count))
        data = self._data
        return ((data, plan) for plan in placed)

    def first(self) -> Batch:
        """The whole first batch of the leg, for ``init``."""
        plan = next(plans(self._setting.dataset, **self._setting.order(0, 1)))
        return self._setting.devices.whole(self._gather)(self._data, plan)

    def _gather(self, data: Batch, plan: Batch) -> Batch:
        dataset = self._setting.dataset
        return gather(data, plan, dataset.features, dataset.data.jitter)


Programs: TypeAlias = FromHost | FromDevice
"""``step(count)``: steps in one call, compiled once; ``called``: the counts that were called;
``feeds`` for them; ``first`` for init; ``free`` when the leg has ended."""


def _steps(step: Update, count: int) -> Update:
    return several(step, count) if count > 1 else step


def stretches(start: int, end: int, per_call: int) -> list[tuple[int, int, int]]:
    """``(begin, end, steps a call)``: single steps up to a multiple, whole calls, the rest."""
    first = min(-(-start // per_call) * per_call, end)
    last = first + (end - first) // per_call * per_call
    parts = [(start, first, 1), (first, last, per_call), (last, end, 1)]
    return [part for part in parts if part[0] < part[1]]


def shower(algorithm: Algorithm, devices: Devices) -> Callable[..., Any]:
    """``(state, gallery, key) -> {title: array}`` with averaged weights: the columns of a sheet.

    Images are uint8, curves are floats. Every device computes it whole: one process draws it.
    """
    titles: list[str] = []

    def show(state: TrainState, gallery: Batch, key: PRNGKey) -> list[jax.Array]:
        columns = algorithm.show(state.weights(), gallery, key)
        titles[:] = columns  # a dict that is compiled comes back sorted
        return [_drawn(column) for column in columns.values()]

    compiled = devices.whole(show)
    return lambda *args: dict(zip(titles, compiled(*args), strict=True))


def _drawn(column: jax.Array) -> jax.Array:
    """Images as bytes; curves as they are."""
    is_image = column.ndim > 2 and jnp.issubdtype(column.dtype, jnp.floating)
    return to_uint8(column) if is_image else column
