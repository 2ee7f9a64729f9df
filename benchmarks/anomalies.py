"""Each class as the anomaly: ``python -m benchmarks.anomalies CONFIG...``.

README.md describes the measurement and the finding. The script trains in this process, with one
program per config, and scores the held-out part at the last step; no step is selected by its
result.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from jaxgan import cli
from jaxgan.core import Algorithm, Spec, advance
from jaxgan.data.dataset import open_dataset
from jaxgan.data.sources.opening import open_streams
from jaxgan.metrics.scores import ranking
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config
from jaxgan.typing import Batch

RARE, DRAWS = 0.02, 200
"""Fraction of anomalies in the sets with rare anomalies, and number of such random sets."""
FOREST = "IsolationForest"


@dataclass(frozen=True, kw_only=True)
class Command:
    """Trains each config without one class at a time, and ranks that class above the others."""

    configs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Configs for anomaly detection, which also set the data and the number of steps."""
    seeds: int = 1
    """Number of seeds per class; a seed also determines the batches."""
    steps: int | None = None
    """Training steps, instead of the config's."""
    source: str | None = None
    """Data source, instead of the config's, such as idx:PATH."""
    image_size: int | None = None
    """Side of the images in pixels, instead of the config's."""
    only: tuple[str, ...] = ()
    """Classes to use as the anomaly in turn; all by default."""
    forest: bool = False
    """Comparison with scikit-learn's IsolationForest on the same training examples."""
    picture: Path | None = None
    """Output PNG file with examples, errors and a histogram of scores of the last run."""


class Scored(NamedTuple):
    """The held-out examples and their scores by one run."""

    method: str
    anomaly: str
    """Class that was not trained on."""
    seed: int
    scores: np.ndarray
    labels: np.ndarray
    """Labels of the examples: 1 is an anomaly."""
    show: Callable[[np.ndarray], dict[str, Any]] | None = None
    """Function that returns the sheet of some of these examples."""


def scored(
    run: Run, seeds: int, only: tuple[str, ...] = (), forest: bool = False
) -> Iterator[Scored]:
    """Trains all runs and yields each when it is scored."""
    names = open_streams(run.data)[""].class_names
    two = len(names) == 2  # the config names the normal class
    every = [n for n in names if n not in run.data.normal] if two else list(names)
    program = None
    for anomaly in only or every:
        data = replace(run.data, normal=tuple(n for n in names if n != anomaly), keep=())
        dataset = open_dataset(data)
        train = dataset.loader("").examples(np.arange(len(dataset.streams[""].train)))
        (test,) = dataset.held_out_batches(1 << 30)
        if program is None:  # one program for all classes, with the training part as an argument
            program = Program(run.algorithm.build(Spec(dataset.features, run.steps)))
        for seed in range(seeds):
            weights = program.trained(train, run.steps, data.batch_size, seed)
            scores, labels = program.scored(weights, test), np.asarray(test["anomaly"])
            show = partial(program.shown, weights, test)
            yield Scored(run.name, anomaly, seed, scores, labels, show)
            if forest:
                scores = forest_scores(rows_of(train), rows_of(test), seed)
                yield Scored(FOREST, anomaly, seed, scores, labels)


class Program:
    """A method, compiled once for the training sets of all classes."""

    CALL = 100
    """Steps per call."""

    def __init__(self, algorithm: Algorithm):
        """Compiles nothing yet."""
        self.algorithm, self._room = algorithm, 0
        step, score = advance(algorithm), algorithm.functions["score"]
        self._init = jax.jit(algorithm.init)

        def steps(state: Any, data: Batch, places: jax.Array, root: Any) -> Any:
            def body(state: Any, at: jax.Array) -> tuple[Any, None]:
                return step(state, jax.tree.map(lambda x: x[at], data), root)[0], None

            return jax.lax.scan(body, state, places)[0]

        def scores(weights: Any, batch: Batch) -> jax.Array:
            (name,) = score.takes
            x = batch[name]
            x = x.astype(jnp.float32) / 127.5 - 1.0 if name == "image" else x
            return score.apply(weights, {name: x}, jax.random.key(0))

        self._steps, self._scores = jax.jit(steps, donate_argnums=0), jax.jit(scores)

    def trained(self, train: Batch, steps: int, size: int, seed: int) -> Any:
        """The weights after ``steps`` steps; each epoch has the batches in a new random order."""
        n, random = len(next(iter(train.values()))), np.random.default_rng(seed)
        self._room = max(self._room, n + n // 8)  # training sets of other classes differ in size
        data = {k: np.resize(np.asarray(x), (self._room, *x.shape[1:])) for k, x in train.items()}
        epochs = -(-steps * size // n)
        places = np.concatenate([random.permutation(n) for _ in range(epochs)])[: steps * size]
        root = jax.random.key(seed)
        batch = {name: x[:size] for name, x in data.items()}
        state = self._init(jax.random.fold_in(root, 2**31), batch)
        for at in np.split(places.reshape(steps, size), range(self.CALL, steps, self.CALL)):
            state = self._steps(state, data, at, root)
        return state.weights()

    def shown(self, weights: Any, test: Batch, rows: np.ndarray) -> dict[str, Any]:
        """The sheet of some examples."""
        batch = jax.tree.map(lambda x: jnp.asarray(x[rows]), test)
        return jax.jit(self.algorithm.show)(weights, batch, jax.random.key(0))

    def scored(self, weights: Any, test: Batch) -> np.ndarray:
        """Scores of the held-out examples, 1,000 at a time."""
        n = len(test["anomaly"])
        parts = [jax.tree.map(lambda x, i=i: x[i : i + 1000], test) for i in range(0, n, 1000)]
        return np.concatenate([np.asarray(self._scores(weights, part)) for part in parts])


def rows_of(batch: Batch) -> np.ndarray:
    """The examples as flat vectors."""
    x = np.asarray(batch["row"] if "row" in batch else batch["image"], np.float64)
    return x.reshape(len(x), -1)


def forest_scores(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Scores of scikit-learn's isolation forest, fitted to the same normal examples."""
    from sklearn.ensemble import IsolationForest

    return -IsolationForest(random_state=seed).fit(train).score_samples(test)


def measured(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """ROC-AUC and average precision of the held-out part, and with 2% anomalies."""
    normal, anomalous = scores[labels == 0], scores[labels == 1]
    found = ranking(normal, anomalous)
    count = max(1, round(len(normal) * RARE / (1 - RARE)))
    if count < len(anomalous):
        random = np.random.RandomState(0)
        draws = (random.permutation(anomalous)[:count] for _ in range(DRAWS))
        values = [ranking(normal, own)["average_precision"] for own in draws]
        found["average_precision_98:2"] = float(np.mean(values))
    return found


def table(rows: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    """One row per method and anomalous class (mean and sample deviation over seeds), then means."""
    names = list(next(iter(rows.values()))[0])
    lines = [["method", "anomaly", *names]]
    for (method, anomaly), found in rows.items():
        lines.append([method, anomaly, *(_spread([f[name] for f in found]) for name in names)])
    for method in {method: None for method, _ in rows}:
        own = [found for (m, _), found in rows.items() if m == method]
        means = [f"{np.mean([f[name] for found in own for f in found]):.3f}" for name in names]
        lines.append([method, "mean", *means])
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spread(values: list[float]) -> str:
    deviation = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{deviation}"


def write_picture(path: Path, found: Scored) -> None:
    """Writes a PNG: two normal and two anomalous images with errors, beside the scores as bars."""
    import matplotlib.pyplot as plt

    assert found.show is not None
    scores, labels = found.scores, found.labels
    rows = np.concatenate([np.flatnonzero(labels == kind)[:2] for kind in (0, 1)])
    figure = plt.figure(figsize=(8, 4), dpi=90)
    grid = figure.add_gridspec(len(rows), 6)
    sheet = found.show(rows)
    for column, title in enumerate(("image", "reconstruction", "error")):
        for row, cell in enumerate(np.asarray(sheet[title])):
            axes = figure.add_subplot(grid[row, column], title="" if row else title)
            axes.imshow((np.clip(cell, -1, 1) + 1) / 2, cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
    axes = figure.add_subplot(grid[:, 3:], xlabel="score", yticks=[])
    bins = np.linspace(scores.min(), scores.max(), 40)
    for kind, name in enumerate(("normal", f"anomaly: {found.anomaly}")):
        axes.hist(scores[labels == kind], bins, density=True, alpha=0.6, label=name)
    axes.axvline(np.quantile(scores[labels == 0], 0.95), color="k", label="95% of the normal ones")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main(args: list[str]) -> int:
    """Trains, and prints a table as Markdown."""
    command = cli.parse(Command, None, args, "benchmarks.anomalies")
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    for name in command.configs:
        run = find_config(name)
        source, size = command.source or run.data.source, command.image_size or run.data.image_size
        data = replace(run.data, source=source, image_size=size)
        run = replace(run, data=data, steps=command.steps or run.steps)
        for found in scored(run, command.seeds, command.only, command.forest):
            numbers = measured(found.scores, found.labels)
            rows.setdefault((found.method, found.anomaly), []).append(numbers)
            print(found.method, found.anomaly, found.seed, numbers, file=sys.stderr, flush=True)
            if command.picture and found.show:
                write_picture(command.picture, found)
    print(table(rows))
    return 0


if __name__ == "__main__":
    cli.main(main)
