"""Evaluates a run while it trains, and keeps the best checkpoint beside the newest.

GANs may collapse late in training, so the last checkpoint is often not the best.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan.core import Algorithm, Function, Spec, TrainState
from jaxgan.core.population import member_of
from jaxgan.data.config import Data
from jaxgan.data.dataset import Dataset
from jaxgan.errors import InputError
from jaxgan.measure import names
from jaxgan.measure.generated import (
    chunk_sampler,
    classes_of,
    drawing_function,
    draws_images,
    instead,
)
from jaxgan.measure.held_out import HeldOut, can_measure
from jaxgan.measure.measuring import Measure
from jaxgan.measure.references import moments_file
from jaxgan.measure.sets import as_trained_on, drawn
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Run
from jaxgan.run.logging import Logger
from jaxgan.run.members import joined
from jaxgan.system import processes
from jaxgan.typing import Variables


class Point(NamedTuple):
    """The value of the main metric at a step."""

    value: float
    step: int


class Drawn:
    """Metrics of the images that a function generates, by the run's own protocol."""

    def __init__(self, run: Run, function: Function, spec: Spec):
        """Opens the network's weights and measures the reference."""
        protocol, data = run.evaluate, run.data
        self._n, self._name = protocol.n, run.name
        self._sampler = chunk_sampler(function, classes_of(function, spec.features), protocol.seed)
        self._measure = Measure(protocol)
        if protocol.reference is not None:
            data = Data(source=protocol.reference, tfds_dir=data.tfds_dir, crop=data.crop)
        images = moments_file(protocol.reference) or as_trained_on(
            data, function.gives.shape, "evaluate.reference"
        )
        self._real = self._measure.reference(images, protocol.n)

    def __call__(
        self, weights: Mapping[str, Variables], step: int, go_on: Callable[[], None]
    ) -> dict[str, float]:
        """The metrics of ``evaluate.n`` images; ``go_on`` is called before each chunk of them."""

        def sampler(weights: Mapping[str, Variables], chunk: int) -> np.ndarray:
            go_on()
            return self._sampler(weights, chunk)

        images = drawn(sampler, weights, self._n, f"{self._name} at step {step}")
        return self._measure(self._real, self._measure.images(images, leave=False))


class Evaluations:
    """Measures a run by its own protocol, and keeps the state with the best first metric.

    A run that generates images is measured by image metrics. A run whose method has a ``measure``
    is measured on held-out examples. A run with both reports the image metrics first.
    """

    def __init__(self, run: Run, algorithm: Algorithm, dataset: Dataset, members: int = 1):
        """Opens the weights and measures the reference first, so that a missing file fails early.

        Args:
          run: the config; ``run.evaluate`` is the protocol.
          algorithm: the algorithm of the run or of one of its legs.
          dataset: the data of the run or of that leg.
          members: size of a population. Above 1, every member is measured and the mean decides
            which state is best.

        Raises:
          InputError: there is nothing to measure; or as :class:`Measure` and the image sets raise.
        """
        functions, spec = algorithm.functions, Spec(dataset.features, run.steps)
        metrics = names.parse(run.evaluate.metrics)
        self._drawn = self._held_out = None
        if metrics and draws_images(functions):
            self._drawn = Drawn(run, drawing_function(functions)[1], spec)
        if can_measure(algorithm, dataset):
            self._held_out = HeldOut(algorithm, dataset, run.evaluate.seed)
        if not (self._drawn or self._held_out):
            raise InputError(f"evaluate.every: {nothing(algorithm)}")
        self._main, self._asked, self._members = "", run.evaluate.best, members
        self._highest = bool(self._drawn) and names.METRICS[metrics[0]].higher_is_better

    def __call__(
        self,
        state: TrainState,
        step: int,
        out: Path,
        log: Logger,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        """Measures the averaged weights; keeps the state if it is the best so far.

        Args:
          state: the state of the run.
          step: its step.
          out: the run directory.
          log: the run's log, which holds the earlier measurements.
          go_on: called before each batch; an exception that it raises ends the evaluation.
        """
        values = self._values_of(state, step, go_on)
        self._main = next(iter(values))
        if not self._drawn:
            self._highest = names.higher_is_better(self._main)
        now, best = Point(values[self._main], step), self.best(log.records)
        better = best is None or self._rank(now.value) < self._rank(best.value)
        if processes.agree(int(better and processes.is_first())):  # only it has the records
            best = now
            with contextlib.closing(Checkpoints(out / "best", keep=2, say=log.say)) as checkpoints:
                checkpoints.replace(state, step)
        log.record(step, values)
        if best is not None:
            log.say(
                f"step {step}: {self._main} {now.value:.4g}, best ({self._which})"
                f" {best.value:.4g} at step {best.step}"
            )

    def _values_of(
        self, state: TrainState, step: int, go_on: Callable[[], None]
    ) -> dict[str, float]:
        if self._members == 1:
            return self._values(state.weights(), step, go_on)
        each = [member_of(state, i).weights() for i in range(self._members)]
        return joined([self._values(jax.device_get(own), step, go_on) for own in each])

    def _values(
        self, weights: Mapping[str, Variables], step: int, go_on: Callable[[], None]
    ) -> dict[str, float]:
        values = self._drawn(weights, step, go_on) if self._drawn else {}
        return values | (self._held_out(weights, go_on) if self._held_out else {})

    @property
    def _which(self) -> str:
        """``lowest`` or ``highest``: which value of the main metric is best."""
        return self._asked or ("highest" if self._highest else "lowest")

    def _rank(self, value: float) -> float:
        return -value if self._which == "highest" else value

    def best(self, records: list[dict[str, Any]]) -> Point | None:
        """The best value of the main metric in the records; None if it was never measured."""
        points = [Point(r[self._main], r["step"]) for r in records if self._main in r]
        return min(points, key=lambda p: (self._rank(p.value), p.step), default=None)

    def summary(self, log: Logger) -> str:
        """A line with the last and the best value; "" if there is none."""
        best = self.best(log.records)
        if best is None:
            return ""
        last = next(r for r in reversed(log.records) if self._main in r)
        return (
            f"{self._main}: {last[self._main]:.4g} at the last step {last['step']}, best"
            f" ({self._which}) {best.value:.4g} at step {best.step}, which --best of sample, apply"
            " and evaluate takes"
        )


def nothing(algorithm: Algorithm) -> str:
    """Why a run has nothing to measure, and what to do instead."""
    if draws_images(algorithm.functions):
        images = "no metrics of its images are named; name some, such as fid"
    else:
        images = instead(algorithm.functions)
    if algorithm.measure is None:
        return f"{images}; its method has no measure of its own"
    return (
        f"{images}; its own measure needs examples that are held out: train it with a share such"
        " as --data.held_out 0.1"
    )
