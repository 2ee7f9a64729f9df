"""A run prepared for the training loop: its legs, data, devices, directory and checkpoints."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.core import Spec, TrainState
from jaxgan.core.freeze import with_frozen_players
from jaxgan.core.leg import first_step, leg_of
from jaxgan.core.population import Population, member_of, stacked
from jaxgan.core.power import MEMORY
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError, NotFiniteError
from jaxgan.run import averages, config, directory
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Run
from jaxgan.run.evaluating import Evaluations
from jaxgan.run.lock import claim, lock
from jaxgan.run.logging import Logger
from jaxgan.run.members import members_of, size_of
from jaxgan.run.stage import Call, Stage, legs_of
from jaxgan.run.transfer import Transfer
from jaxgan.system import processes
from jaxgan.system.devices import Devices, open_devices
from jaxgan.system.members import Members
from jaxgan.typing import Keys

ROLLBACKS = 3
"""Largest number of times that a run may return to its last checkpoint."""


class Start(NamedTuple):
    """State from which training starts or, after a rollback, starts again."""

    state: TrainState
    step: int
    """Number of steps that the state has taken."""
    root: Keys
    """Key of the steps; for a population one per member."""
    rollbacks: int
    """Number of rollbacks so far; each one changes the keys."""


class Session:
    """Everything that the loop needs. It holds the run directory's lock until it is closed."""

    def __init__(self, run: Run, fresh: bool = False, devices: Devices | None = None):
        """Makes or continues a run; touches no file before the config is known to work.

        Args:
          run: the config.
          fresh: start over if the directory already holds a run.
          devices: the devices to use; by default those of ``run.parallel``.

        Raises:
          InputError: for bad input or a directory in use.
        """
        config.check(run)
        self.run, self.members = run, size_of(run)
        self.devices = placed(run, devices or open_devices(run.parallel))
        self.out = _named(run)
        kept = directory.check(self.out, run, fresh) if run.out else None
        self.stages, facts = open_stages(run, self.devices, kept)
        self._kept, self._spec = kept, facts.spec
        if not kept:  # now, so that an error is raised before a file is touched
            _ = self._transfer
        self.evaluations: list[Evaluations] = []  # one per leg, if the run is evaluated
        if run.evaluate.every:  # now, so that an error is raised before a file is touched
            self.evaluations = [
                Evaluations(run, s.leg.algorithm, s.dataset, self.members) for s in self.stages
            ]
        self._lock = None
        try:
            self._begin(facts, fresh)
        except OSError as error:
            self._release()
            reason = error.strerror or error
            raise InputError(f"out: {self.out} cannot be written ({reason})") from error
        except BaseException:
            self._release()
            raise

    def _begin(self, facts: directory.Facts, fresh: bool) -> None:
        frozen = {k: f for stage in self.stages for k, f in stage.leg.algorithm.frozen.items()}
        if processes.is_first():
            if not self.run.out:
                self.out = claim(self.out)
            self._lock = lock(self.out)
            if not fresh:
                directory.check_frozen(self.out, frozen)
            directory.prepare(self.out, self.run, facts, fresh)
            directory.write_frozen(self.out, frozen)
        processes.meet("directory")
        self.checkpoints = Checkpoints(self.out / "checkpoints", self.run.checkpoint.keep)

    def close(self) -> None:
        """Waits for the last save and releases the lock."""
        self.checkpoints.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def restore(self, rollbacks: int | None = None) -> Start:
        """The newest checkpoint, or a new state at step 0 if there is none.

        Args:
          rollbacks: number of rollbacks so far; None: as recorded in the run directory.

        Raises:
          InputError: the run is finished, or its checkpoints cannot be used.
        """
        if rollbacks is None:
            rollbacks = directory.read_rollbacks(self.out)
        self.checkpoints.wait()
        state = self.checkpoints.restore(lambda step: self.stages[self._leg(step)].abstract)
        if state is None:
            state = self.stages[0].init(self._init_key(rollbacks))
            state = self._transferred(state) if self._transfer else state
        step = int(state.step)
        if step >= self.run.steps:
            raised = "--steps and --decay_steps" if config.decays(self.run) else "--steps"
            raise InputError(
                f"steps: the run in {self.out} is finished ({step} of {self.run.steps} steps):"
                f" raise {raised} to go on, choose another --out, or start over with --fresh"
            )
        stage = self.stages[self._leg(step)]
        _ = stage.programs  # takes seconds: done now, before the progress bar appears
        state = stage.with_frozen(state)
        return Start(state, step, _folded(self._keys[1], rollbacks), rollbacks)

    def enter(self, call: Call, state: TrainState, rollbacks: int) -> TrainState:
        """The state for a call: at a leg's first step, a new state that adopts ``state``."""
        if not call.adopts:
            return state
        key = jax.random.fold_in(self._init_key(rollbacks), call.stage.index)
        return call.stage.with_frozen(call.stage.adopt(state, key))

    def store_averages(self, state: TrainState, step: int, say: Callable[[str], Any]) -> None:
        """Stores the power-function averages, if the run keeps them and they are due at this step.

        A failure (a full disk) is reported, and the run continues.
        """
        every = self.run.averages.every
        if every and (step % every == 0 or step == self.run.steps):
            whole = self.devices.everywhere(state.memory[MEMORY])
            if not processes.is_first():
                return
            try:
                averages.store(self.out, jax.device_get(whole), step)
            except OSError as error:
                reason = error.strerror or error
                say(f"step {step}: the averages were not stored: {reason}; the run goes on")

    def calls(self, start: int) -> Iterator[Call]:
        """The calls from a global step to the end of the run."""
        for stage in self.stages:
            if start < stage.last:
                yield from stage.calls(start)
                stage.programs.free()

    def describe(self, start: Start) -> list[str]:
        """Lines to print at the start: the data, and the step that the run starts from."""
        lines = dict.fromkeys(line for s in self.stages for line in s.dataset.describe())
        kept = f"keeps the newest {self.run.checkpoint.keep} checkpoints"
        if not start.step and self._transfer:
            lines |= dict.fromkeys(self._transfer.lines)
        return [*lines, f"{self.out}: from step {start.step}, {kept}", *self._schedules()]

    def _schedules(self) -> Iterator[str]:
        """Lines about a horizon of the schedules that has changed, or that ends before the run."""
        horizon, steps = self._spec.decay_steps, self.run.steps
        if not config.decays(self.run):
            return
        if self._kept and self._kept.spec.decay_steps != horizon:
            before = self._kept.spec.decay_steps
            yield f"learning rates now decay over {horizon} steps, no longer over {before}"
        if horizon < steps:
            yield (
                f"learning rates decay over the first {horizon} of {steps} steps and then stay at"
                f" their end; --decay_steps {steps} stretches their schedules"
            )

    def summary(self, log: Logger) -> list[str]:
        """Lines to print at the end: the evaluations, and how to use the trained run."""
        lines = [self.evaluations[-1].summary(log)] if self.evaluations else []
        functions = self.stages[-1].leg.algorithm.functions
        out = f"{self.out} --member 0" if self.members > 1 else self.out
        use = [
            f"sample {out} --out x.{'png' if function.gives.kind == 'image' else 'csv'}"
            if function.draws
            else f"apply {out} --function {name} --in FILES --out PLACE"
            for name, function in functions.items()
        ]
        made = f"done: {self.out}{'/samples.png' if (self.out / 'samples.png').exists() else ''}"
        return [*lines, f"{made}; more by python -m jaxgan.{use[0]}" if use else made]

    def roll_back(self, error: NotFiniteError, rollbacks: int) -> int:
        """Counts one more rollback and records it in the run directory; returns the new count.

        Raises:
          NotFiniteError: ``on_nan`` is ``stop``, or no rollback is left.
        """
        if self.run.on_nan == "stop":
            raise error
        if rollbacks == ROLLBACKS:
            raise NotFiniteError(f"on_nan: went back {ROLLBACKS} times, and still at {error}")
        if processes.is_first():
            directory.write_rollbacks(self.out, rollbacks + 1)
        processes.meet("rollback")
        return rollbacks + 1

    def logger(self, start: int) -> Logger:
        """The log from a step on; only the first process writes it."""
        first, steps = processes.is_first(), self.run.steps
        return Logger(self.out, start, steps, self.images, first, self.members)

    def images(self, step: int) -> int:
        """Examples seen by the end of a step."""
        parts = [(min(step, s.last) - s.first, s.images_per_step) for s in self.stages]
        return sum(steps * images for steps, images in parts if steps > 0)

    @property
    def show_key(self) -> Keys:
        """The key of every sheet; for a population one per member."""
        return self._keys[2]

    @functools.cached_property
    def _transfer(self) -> Transfer | None:
        """The weights of another run, for the state at step 0; None: random weights."""
        return Transfer(self.run, self.stages[0].single) if self.run.init_from else None

    def _transferred(self, state: TrainState) -> TrainState:
        """The state with the weights of another run, in every member."""
        assert self._transfer
        if self.members == 1:
            return self._transfer(state)
        own = [self._transfer(member_of(state, i)).players for i in range(self.members)]
        place = self.devices.of_state(self.stages[0].like).players
        return state.replace(players=jax.device_put(stacked(own), place))

    @functools.cached_property
    def _keys(self) -> tuple[Keys, Keys, Keys]:
        """Keys of the initial state, the steps and the sheets; for a population one per member."""
        seeds = [member.seed for member in members_of(self.run)]
        keys = [jax.random.split(jax.random.key(seed), 3) for seed in seeds]
        init, root, show = jnp.stack(keys, 1) if len(keys) > 1 else keys[0]
        return init, root, show

    def _init_key(self, rollbacks: int) -> Keys:
        return _folded(self._keys[0], rollbacks)

    def _leg(self, step: int) -> int:
        return leg_of([stage.leg for stage in self.stages], step)


def open_stages(
    run: Run, devices: Devices, kept: directory.Facts | None = None
) -> tuple[list[Stage], directory.Facts]:
    """The legs of a run with their data, and the facts about the data for the run directory.

    Args:
      run: the config.
      devices: the devices to use; their number must divide each leg's batch.
      kept: the facts of a run that is continued; its statistics of the arrays are kept.

    Raises:
      InputError: the data cannot be opened, or the legs do not add up to the run's steps.
    """
    whole = open_dataset(run.data, kept.scaling if kept else None)
    horizon = run.decay_steps or (kept.spec.decay_steps if kept else run.steps)
    spec = Spec(whole.features, run.steps, horizon=horizon)
    stages: list[Stage] = []
    members = members_of(run)
    built = [legs_of(member, spec) for member in (members if run.sweep else members[:1])]
    parts = built[0]
    if len(parts) > 1 < len(members):
        raise InputError(
            f"{'sweep' if run.sweep else 'population'}: this method is trained in legs, and members"
            " are trained together in one alone: run one config each"
        )
    for i, leg in enumerate(parts):
        dataset = whole.changed(**leg.data) if leg.data else whole
        batch = Spec(dataset.features, leg.steps).batch(2, leg.algorithm.batches_per_step)
        own = [with_frozen_players(legs[i].algorithm, run.freeze, batch) for legs in built]
        leg = leg._replace(algorithm=own[0])
        together = Population(len(members), own, bool(run.sweep)) if len(members) > 1 else None
        stages.append(Stage(run, i, first_step(parts, i), leg, dataset, devices, together))
        stages[-1].check()
    features = [stage.dataset.features for stage in stages]
    return stages, directory.Facts(spec, features, whole.scaling, whole.class_names, whole.columns)


def placed(run: Run, devices: Devices) -> Devices:
    """The devices of a run; a run with several members splits them over the devices."""
    size = size_of(run)
    return Members(devices, size, bool(run.sweep)) if size > 1 else devices


def _named(run: Run) -> Path:
    if not run.out and jax.process_count() > 1:
        raise InputError("out: several processes need one --out, on a disk that they share")
    return Path(run.out) if run.out else directory.default_directory(run)


def _folded(key: Keys, rollbacks: int) -> Keys:
    """The key itself before the first rollback, and a new key after each rollback."""
    fold = jax.vmap(jax.random.fold_in, (0, None)) if key.ndim else jax.random.fold_in
    return fold(key, rollbacks) if rollbacks else key
