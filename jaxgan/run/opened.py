"""A trained run, opened for use: its functions with its newest (or best) weights."""

import functools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from jaxgan.core import Algorithm, Function, Spec, TrainState
from jaxgan.core.leg import Leg, first_step, leg_of
from jaxgan.core.population import member_of, shapes_of
from jaxgan.data.config import Data
from jaxgan.data.dataset import Scaling
from jaxgan.errors import InputError, did_you_mean, first_line
from jaxgan.measure.generated import CHUNK, chunk_sampler, classes_of, drawing_function, generator
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.run import config, configs, directory
from jaxgan.run.checkpoint import read_newest
from jaxgan.run.config import Run
from jaxgan.run.mapping import Mapper
from jaxgan.run.members import members_of
from jaxgan.run.stage import legs_of, like, weights_of
from jaxgan.system.devices import Devices
from jaxgan.typing import Variables


@dataclass(frozen=True, eq=False)
class Opened:
    """A trained run. Its methods may be called from any thread."""

    run: Run
    spec: Spec
    """Features of the data in the leg that training has reached."""
    data: Data
    """Data of that leg."""
    algorithm: Algorithm
    step: int
    weights: Mapping[str, Variables]
    """Weights by player and frozen weights by name, as ``algorithm.functions`` take them."""
    scaling: Mapping[str, Scaling]
    """Statistics of the arrays in the training data."""
    class_names: tuple[str, ...]
    columns: tuple[str, ...] = ()
    """Column names of a table or a series, in the order of the arrays."""
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions of the run, by name."""
        return self.algorithm.functions

    def sample(
        self, n: int, label: int | None = None, seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """``n`` samples from the generator: images or points.

        Sample i depends on the seed, i and its label, and not on ``n``.

        Args:
          n: number of samples.
          label: the class of all samples; None: each class in turn.
          seed: the seed of the latent codes.
          truncation: truncation of the latent codes, if the function supports it; None: none.

        Returns:
          uint8 (n, h, w, c), or floats (n, dimensions) in the units of the data.

        Raises:
          InputError: the run generates neither images nor points, or does not know the label.
        """
        if n < 1:
            raise InputError(f"n: {n} is below 1")
        _, function = drawing_function(self.functions, ("image", "array"))
        classes = classes_of(function, self.spec.features)
        sample_chunk = self._once("sample", functools.partial(generator, function))
        sampler = chunk_sampler(function, classes, seed, label, sample_chunk, truncation)
        chunks = -(-n // CHUNK)
        bar = tqdm(range(chunks), unit=f"x{CHUNK} samples", disable=chunks < 10)
        return self._unscaled(
            function, np.concatenate([sampler(self._placed, chunk) for chunk in bar])[:n]
        )

    def apply(self, name: str, inputs: Any) -> np.ndarray:
        """Applies a function that maps to examples.

        Args:
          name: the function's name.
          inputs: uint8 images (n, h, w, c) of one size, or arrays in the units of the data; for a
            function of several features, a dict of these by name.

        Returns:
          uint8 images, class indices of masks, probabilities of labels, or floats. Predictions of
          a feature that is standardised for training are in its own units.

        Raises:
          InputError: there is no such function, or the inputs have the wrong form.
        """
        function = self._mapping(name)
        if not isinstance(inputs, Mapping):
            inputs = {function.takes[0]: inputs}
        if missing := [take for take in function.takes if take not in inputs]:
            raise InputError(f"inputs: {name} takes {', '.join(function.takes)}: add {missing[0]}")
        given = {take: self._scaled(take, np.asarray(inputs[take])) for take in function.takes}
        kind = {**self.spec.features, **function.features}[function.takes[0]].kind
        if len(given) > 1 or kind not in ("image", "array"):
            outputs = self._together(name, function, given)
        else:
            make = functools.partial(Mapper, self.functions, self.spec.features, self.weights, name)
            mapper, (values,) = self._once(("apply", name), make), given.values()
            if kind == "image":
                outputs = np.stack(mapper.images(list(_images(values))))
            else:
                outputs = mapper.rows(values)
        return self._unscaled(function, outputs)

    def _unscaled(self, function: Function, outputs: np.ndarray) -> np.ndarray:
        """The outputs; those of a standardised feature are converted to the units of the data."""
        predicted = self.predicted(function)
        return self.scaling[predicted].invert(outputs) if predicted else outputs

    def _mapping(self, name: str) -> Function:
        function = self.functions.get(name)
        if function is None:
            has = ", ".join(self.functions) or "none"
            raise InputError(
                f"function: the run has no {name}; {did_you_mean(name, self.functions)}it has {has}"
            )
        if function.draws:
            raise InputError(f"function: {name} draws samples and takes no examples; use sample")
        return function

    def _scaled(self, take: str, values: np.ndarray) -> np.ndarray:
        return self.scaling[take].apply(values) if take in self.scaling else values

    def _together(self, name: str, function: Function, given: dict[str, np.ndarray]) -> np.ndarray:
        """The outputs for all examples in one call, for a function of several features."""

        def outputs(weights: Any, inputs: dict[str, jax.Array]) -> jax.Array:
            features = {**self.spec.features, **function.features}
            kinds = {take: features[take].kind for take in inputs}
            floats = {k: to_float(x) if kinds[k] == "image" else x for k, x in inputs.items()}
            out = function.apply(weights, floats, jax.random.key(0))
            if function.gives.kind == "mask" and out.ndim == 4:
                out = out.argmax(-1)  # class probabilities
            return to_uint8(out) if function.gives.kind == "image" else out

        devices = Devices(1, local=True)
        compiled = self._once(("together", name), lambda: devices.jit(outputs))
        return np.asarray(compiled(dict(self.weights), given))

    def predicted(self, function: Function) -> str | None:
        """Name of the standardised feature that a function predicts; None if it predicts none."""
        same = [name for name in self.scaling if self.spec.features[name] == function.gives]
        others = [name for name in same if name not in function.takes]
        return next(iter(others or same), None)

    @property
    def _placed(self) -> Any:
        """The weights on all of this process's devices."""
        devices = Devices(local=True)
        return self._once("weights", lambda: devices.everywhere(dict(self.weights)))

    def _once(self, key: Any, make: Any) -> Any:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def _images(values: np.ndarray) -> np.ndarray:
    if values.ndim != 4 or values.dtype != np.uint8 or not len(values):
        raise InputError(
            f"inputs: {values.dtype} of shape {values.shape}; images are uint8 of shape"
            " (n, height, width, channels)"
        )
    return values


def open_run(
    run: str | Path,
    averaged: bool = True,
    config_file: str | None = None,
    best: bool = False,
    own: Mapping[str, type] | None = None,
    member: int = 0,
) -> Opened:
    """Opens a run directory; executes no code from it, opens no data and writes nothing.

    Args:
      run: directory made by ``python -m jaxgan.train``.
      averaged: use the moving average of the weights if the run keeps one.
      config_file: the config, for a run with nets or algorithms that are not jaxgan's own.
      best: use the best checkpoint by the run's own evaluations, not the newest.
      own: types by name, in place of ``config_file``.
      member: index of the member; 0 for a run that trained a single model.

    Raises:
      InputError: the directory is no run or has no readable checkpoint.
    """
    made, facts, parts, state = read_state(Path(run), config_file, best, own, member)
    step = int(state.step)
    index = leg_of(parts, step)
    leg = parts[index]
    return Opened(
        run=made,
        spec=Spec(facts.legs[index], leg.steps, first_step(parts, index)),
        data=replace(made.data, **leg.data),
        algorithm=leg.algorithm,
        step=step,
        weights=state.replace(frozen=weights_of(leg)).weights(averaged),
        scaling=facts.scaling,
        class_names=facts.class_names,
        columns=facts.columns,
    )


def read_state(
    path: Path,
    config_file: str | None = None,
    best: bool = False,
    own: Mapping[str, type] | None = None,
    member: int = 0,
) -> tuple[Run, directory.Facts, Sequence[Leg], TrainState]:
    """The config of a run directory, its facts about the data, its legs and its newest state.

    For a population, config and state are those of one member.

    Raises:
      InputError: as :func:`open_run`.
    """
    content = directory.read(path)
    own = config.types_of(configs.load_config(config_file)) if config_file else own or {}
    whole, facts = config.decode(content["run"], own), directory.facts(content)
    made, size = _member(whole, member)
    parts, shapes = zip(*_legs(made, facts), strict=True)
    if size > 1:
        shapes = [shapes_of(shape, size) for shape in shapes]
    directory.check_frozen(path, {k: f for leg in parts for k, f in leg.algorithm.frozen.items()})
    kind = "best" if best else "checkpoints"
    if best and not (path / kind).is_dir():
        raise InputError(f"best: {path} was not evaluated: train it with --evaluate.every")
    state = read_newest(path / kind, lambda step: shapes[leg_of(parts, step)])
    if state is None:
        raise InputError(f"run: {path} has no checkpoint yet; train it first")
    return made, facts, parts, member_of(state, member) if size > 1 else state


load = open_run
"""Short name of :func:`open_run`: ``jaxgan.load("runs/NAME").sample(16, label=3)``."""


def _member(run: Any, member: int) -> tuple[Run, int]:
    """The config of one member of a run, and the number of members.

    Raises:
      InputError: there is no such member.
    """
    if not isinstance(run, Run):
        raise InputError(f"config.json: it holds a {type(run).__name__} in the place of a run")
    config.check(run)
    members = members_of(run)
    if not 0 <= member < len(members):
        has = f"members 0 to {len(members) - 1}" if len(members) > 1 else "one member, 0"
        raise InputError(f"member: {member} is not one of this run, which has {has}")
    return members[member], len(members)


def _legs(run: Run, facts: directory.Facts) -> list[tuple[Leg, TrainState]]:
    """The legs of a run as config.json describes them, with the shapes of their states.

    Raises:
      InputError: they cannot be built.
    """
    try:
        parts = legs_of(run, facts.spec)
        if len(facts.legs) != len(parts):
            raise InputError(f"run: it has {len(facts.legs)} legs, its method now {len(parts)}")
        return [(leg, like(leg, f)) for leg, f in zip(parts, facts.legs, strict=True)]
    except InputError:
        raise
    except Exception as error:  # any type, as a damaged file may name anything
        raise InputError(
            f"config.json: its method cannot be built ({first_line(error)}); was it made by another"
            " jaxgan?"
        ) from error
