"""One leg of a run, ready to be trained: its data, its state's shapes, its programs."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.core import Algorithm, Feature, Leg, Spec, TrainState, Update, advance
from jaxgan.core.leg import legs
from jaxgan.core.merged import DifferenceError
from jaxgan.core.population import Population, shapes_of
from jaxgan.core.power import power_averaged
from jaxgan.data.dataset import Dataset
from jaxgan.errors import InputError
from jaxgan.run.calls import steps_per_call
from jaxgan.run.checkpoint import abstract
from jaxgan.run.config import Run
from jaxgan.run.health import Gauge, gauge
from jaxgan.run.programs import FromDevice, FromHost, Programs, Setting, shower, stretches
from jaxgan.system.devices import Devices, leading
from jaxgan.typing import Batch, Keys, PRNGKey


class Call(NamedTuple):
    """One call of a compiled program."""

    step: int
    """The global number of its last step, from 1."""
    taken: int
    """How many steps it takes."""
    stage: "Stage"
    feed: Any
    """Batches of the call, or the data set and the plan to gather them, on the devices."""

    @property
    def adopts(self) -> bool:
        """Whether the state before it is still that of the leg before."""
        return self.stage.index > 0 and self.step - self.taken == self.stage.first

    @property
    def compiles(self) -> bool:
        """Whether it is the first one of its program."""
        return self.taken not in self.stage.programs.called

    def __call__(self, state: TrainState, root: Keys) -> tuple[TrainState, dict[str, Any]]:
        """The state after these steps, and their metrics."""
        self.stage.programs.called.add(self.taken)
        return self.stage.programs.step(self.taken)(state, self.feed, root)


@dataclass(frozen=True, eq=False)
class Stage:
    """One leg, its data and its programs: each is compiled once, however often a run starts."""

    run: Run
    index: int
    first: int
    """The global step that it begins with."""
    leg: Leg
    """The leg; in a sweep that of the first member."""
    dataset: Dataset
    devices: Devices
    population: Population | None = None
    """Members that are trained together; None: a single run."""

    @property
    def last(self) -> int:
        """The global step that it ends with."""
        return self.first + self.leg.steps

    @property
    def images_per_step(self) -> int:
        """Examples of a step, over all devices."""
        return self.leg.algorithm.batches_per_step * self.dataset.data.batch_size

    @functools.cached_property
    def like(self) -> TrainState:
        """Shapes of the state, with the frozen weights."""
        return shapes_of(self.single, self.population.size) if self.population else self.single

    @functools.cached_property
    def single(self) -> TrainState:
        """Shapes of the state of a single run, or of one member."""
        return like(self.leg, self.dataset.features, self.dataset.data.batch_size)

    def check(self) -> None:
        """Raises InputError for a batch or an image size that does not suit; compiles nothing.

        The values of a sweep must differ in numbers alone.
        """
        self.devices.check(self.dataset.data.batch_size)
        self.dataset.check_batch_size()
        _ = self.like  # builds the nets
        if self.population and len(self.population.algorithms) > 1:
            self._check_sweep(self.population)

    def _check_sweep(self, population: Population) -> None:
        fields, what = (self.run.sweep or "").partition("=")[0], "the batches of a step"
        _, batch, keys = self._arguments()
        try:
            counts = {algorithm.batches_per_step for algorithm in population.algorithms}
            if len(counts) > 1:
                raise DifferenceError(" and ".join(map(str, sorted(counts))))
            what = "the shape of the state"
            state = jax.eval_shape(population.init, keys, batch)
            what = "the operations of a step, and not its numbers alone"
            step = population.step(feed_axes=population.batch_axis)
            state = state.replace(frozen=self.like.frozen)
            jax.eval_shape(step, state, batch, keys)
            what = "what a sheet shows"
            show = population.of_states(_shown, (None, 0))
            jax.eval_shape(show, state, self.dataset.gallery(), keys)
        except DifferenceError as error:
            raise InputError(
                f"sweep: {fields} changes {what} ({error}): run one config each"
            ) from None

    @property
    def _batch(self) -> Batch:
        """Shapes of the batches of one step of a single run."""
        spec = Spec(self.dataset.features, self.leg.steps, self.first)
        size, count = self.dataset.data.batch_size, self.leg.algorithm.batches_per_step
        return jax.eval_shape(lambda: spec.batch(size, count))

    def _arguments(self) -> tuple[TrainState, Batch, Keys]:
        """Shapes of a state and a batch, and keys, as a step takes them."""
        population, batch = self.population, self._batch
        if population is None:
            return self.like, batch, jax.random.key(0)
        if not population.one_order:
            batch = jax.eval_shape(lambda: _repeated(batch, population.size))
        return self.like, batch, jax.random.split(jax.random.key(0), population.size)

    def lower(self) -> Any:
        """The lowered program of one step, for its analysis."""
        return self.devices.lower(self._step, leading(self.leg.algorithm), *self._arguments())

    @property
    def _step(self) -> Update:
        """One step, of all members."""
        if self.population:
            return self.population.step(feed_axes=self.population.batch_axis)
        return advance(self.leg.algorithm)

    @functools.cached_property
    def abstract(self) -> TrainState:
        """Shapes and shardings of the state."""
        return abstract(self.like, self.devices.of_state(self.like))

    @functools.cached_property
    def programs(self) -> Programs:
        """The compiled steps and their feeds."""
        make = FromDevice if self.run.data.on_device else FromHost
        algorithm, seeds, population = self.leg.algorithm, (self.run.seed,), self.population
        if population and not population.one_order:
            seeds = tuple(self.run.seed + i for i in range(population.size))
        place = (algorithm, self.dataset, self.devices, self.like)
        return make(Setting(*place, seeds, self.index, population))

    def init(self, key: Keys) -> TrainState:
        """A new state, without the frozen weights."""
        algorithm = self.leg.algorithm
        if self.population:
            algorithm = algorithm._replace(init=self.population.init)
        return self.devices.init(algorithm, key, self.programs.first())

    def adopt(self, old: TrainState, key: PRNGKey) -> TrainState:
        """The state that this leg starts from: a new one that adopts that of the leg before."""

        def adopt(old: TrainState, new: TrainState) -> TrainState:
            adopted = self.leg.adopt(old, new).replace(step=old.step)
            return jax.tree.map(jnp.copy, adopted)  # no two arrays in one buffer: it is donated

        place = self.devices.of_state(self.like).replace(frozen=None)
        whole = self.devices.jit(adopt, out_shardings=place)
        return whole(old.replace(frozen=None), self.init(key))

    def with_frozen(self, state: TrainState) -> TrainState:
        """The state with the frozen weights on the devices."""
        frozen = weights_of(self.leg)
        placed = frozen and jax.device_put(frozen, self.devices.replicated)
        return state.replace(frozen=placed)

    @functools.cached_property
    def steps_per_call(self) -> int:
        """Steps in one compiled call."""
        bounds, backend = (self.first, self.last), self.devices.backend
        return steps_per_call(self.run, self._step, self._arguments(), bounds, backend)

    def calls(self, start: int) -> Iterator[Call]:
        """The calls that bring a run from global step ``start`` to the end of this leg."""
        start = max(start, self.first)
        for begin, end, count in stretches(start, self.last, self.steps_per_call):
            feeds = self.programs.feeds(begin - self.first, count)
            for step in range(begin + count, end + 1, count):
                yield Call(step, count, self, next(feeds))

    @functools.cached_property
    def gallery(self) -> Batch:
        """The fixed examples of the sheets, on the devices."""
        return jax.device_put(self.dataset.gallery(), self.devices.replicated)

    def show(self, state: TrainState, key: Keys) -> list[dict[str, np.ndarray]]:
        """The columns of a sheet of each member: images as bytes, curves as floats."""
        columns = {t: np.asarray(c) for t, c in self._show(state, self.gallery, key).items()}
        if self.population is None:
            return [columns]
        size = self.population.size
        return [{title: column[i] for title, column in columns.items()} for i in range(size)]

    def diversity(self, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The diversity of the samples in a sheet; {} where the method draws no such images."""
        return self._gauge(columns) if self._gauge else {}

    def classes_of_rows(self, columns: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """The names of the classes of a sheet's rows; () where its rows are not classes."""
        blocks = [column for column in columns.values() if column.ndim == 5]
        functions = self.leg.algorithm.functions.values()
        if not blocks or not any(f.draws and "label" in f.takes for f in functions):
            return ()
        names = self.dataset.class_names[: len(blocks[0])]
        return names if len(names) == len(blocks[0]) else ()

    @functools.cached_property
    def _gauge(self) -> Gauge | None:
        return gauge(self.leg.algorithm.functions, self.dataset.features, self.dataset.reals)

    @functools.cached_property
    def _show(self) -> Any:
        return shower(self.leg.algorithm, self.devices, self.population)


def _shown(algorithm: Algorithm) -> Callable[..., Any]:
    return lambda state, *others: list(algorithm.show(state.weights(), *others).values())


def _repeated(batch: Batch, size: int) -> Batch:
    return jax.tree.map(lambda x: jnp.zeros((size, *x.shape), x.dtype), batch)


def weights_of(leg: Leg) -> dict[str, Any] | None:
    """The frozen weights of a leg by name, on the host; None where it has none."""
    return {name: f.variables for name, f in leg.algorithm.frozen.items()} or None


def legs_of(run: Run, spec: Spec) -> list[Leg]:
    """The legs of a run, with all that its config adds to the state of its method.

    Raises:
      InputError: the method cannot be built for these data, or its legs do not fill the run.
    """
    parts = legs(run.algorithm.build(spec), run.steps, run.precision)
    player, widths = run.averages.player, run.averages.widths
    if not run.averages.every:
        return parts
    if len(parts) > 1 or not widths:
        raise InputError(
            "averages.every: averages by power functions are kept of a method without legs, at one"
            " width or more: set it to 0"
        )
    return [p._replace(algorithm=power_averaged(p.algorithm, player, widths)) for p in parts]


def like(leg: Leg, features: Mapping[str, Feature], batch_size: int = 2) -> TrainState:
    """Shapes of a leg's state for data with these features, with its frozen weights."""
    batch = Spec(features, leg.steps).batch(batch_size, leg.algorithm.batches_per_step)
    state = jax.eval_shape(leg.algorithm.init, jax.random.key(0), batch)
    frozen = jax.eval_shape(lambda: weights_of(leg))
    return state.replace(frozen=frozen)
