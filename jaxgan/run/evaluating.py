"""Evaluations of a run while it trains: the metrics, and the best checkpoint beside the newest.

GANs collapse late, so the best and the last differ.
"""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

from jaxgan.core import Algorithm, TrainState
from jaxgan.data.config import Data
from jaxgan.measure import names
from jaxgan.measure.generated import drawer
from jaxgan.measure.measuring import Measure
from jaxgan.measure.references import moments_file
from jaxgan.measure.sets import as_trained_on, drawn
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Run
from jaxgan.run.logging import Logger
from jaxgan.system import processes


class Point(NamedTuple):
    """The value of the main metric at a step."""

    value: float
    step: int


class Evaluations:
    """Measures a run's images by its own protocol; keeps the state that is best by the first."""

    def __init__(self, run: Run, algorithm: Algorithm, shape: tuple[int, int, int]):
        """Opens the weights and measures the reference, so that what is missing is known early.

        Args:
          run: the run, whose ``evaluate`` is the protocol.
          algorithm: one that samples.
          shape: (height, width, channels) of its images.

        Raises:
          InputError: as :class:`Measure` and the sets of images do.
        """
        protocol = run.evaluate
        self._n, self._name = protocol.n, run.name
        self._draw = drawer(algorithm, protocol.seed)
        self._measure = Measure(protocol)
        self._sign = -1 if names.METRICS[self._measure.metrics[0]].higher_is_better else 1
        self._main = ""
        data = run.data
        if protocol.reference is not None:
            data = Data(source=protocol.reference, tfds_dir=run.data.tfds_dir)
        images = moments_file(protocol.reference) or as_trained_on(
            data, shape, "evaluate.reference"
        )
        self._real = self._measure.reference(images, protocol.n)

    def __call__(self, state: TrainState, step: int, out: Path, log: Logger) -> None:
        """Measures the averaged weights; keeps the state if it is better than all before it."""
        variables = {name: player.averaged for name, player in state.players.items()}
        images = drawn(self._draw, variables, self._n, f"{self._name} at step {step}")
        values = self._measure(self._real, self._measure.images(images, leave=False))
        self._main = next(iter(values))
        now, best = Point(values[self._main], step), self.best(log.records)
        better = best is None or self._sign * now.value < self._sign * best.value
        if processes.agree(int(better and processes.is_first())):  # the first one knows the records
            best = now
            with contextlib.closing(Checkpoints(out / "best", keep=2, say=log.say)) as checkpoints:
                checkpoints.replace(state, step)
        log.record(step, values)
        if best is not None:
            log.say(
                f"step {step}: {self._main} {now.value:.4g}, best {best.value:.4g} at step"
                f" {best.step}"
            )

    def best(self, records: list[dict[str, Any]]) -> Point | None:
        """The best value of the main metric in the records."""
        points = [Point(r[self._main], r["step"]) for r in records if self._main in r]
        return min(points, key=lambda p: (self._sign * p.value, p.step), default=None)

    def summary(self, log: Logger) -> str:
        """The last value and the best one, in words."""
        best = self.best(log.records)
        if best is None:
            return ""
        last = next(r for r in reversed(log.records) if self._main in r)
        return (
            f"{self._main}: {last[self._main]:.4g} at the last step {last['step']}, best"
            f" {best.value:.4g} at step {best.step}, which --best of sample and evaluate takes"
        )
