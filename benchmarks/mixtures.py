"""How many modes of a mixture does each method find? ``python -m benchmarks.mixtures``.

README.md describes the measurement. The runs are those of the configs, with all seeds in one
program.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import jax
import numpy as np
import tyro
from jaxtyping import Float
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

from jaxgan import cli
from jaxgan.core import Algorithm, Spec, TrainState, advance, several
from jaxgan.core.leg import legs
from jaxgan.data.dataset import Dataset, open_dataset
from jaxgan.data.order import plans
from jaxgan.data.resident import gather, resident
from jaxgan.data.sources.points import open_points
from jaxgan.run.calls import steps_per_call
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config
from jaxgan.typing import Batch, PRNGKey

CONFIGS = {
    "gan_ring": "GAN",
    "wgan_gp_ring": "WGAN-GP",
    "r3gan_ring": "R3GAN",
    "afm_ring": "AFM",
}
"""Configs, and the names of their methods in the table."""

Points = Float[np.ndarray, "n 2"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Trains each config on each mixture; prints a table and draws a picture."""

    configs: Annotated[tuple[str, ...], tyro.conf.Positional] = tuple(CONFIGS)
    """Names of configs, or files."""
    mixtures: tuple[str, ...] = ("ring", "grid")
    """Mixtures: the NAME in ``data.source points:NAME``."""
    seeds: int = 5
    """Number of runs per method and mixture, with seeds from 0."""
    steps: int | None = None
    """Steps of a run; None: the config's."""
    picture: str | None = None
    """Output FILE.png for the samples of seed 0."""
    out: str | None = None
    """Output JSON file for all numbers."""


class Cell(NamedTuple):
    """The results of a method on a mixture."""

    config: str
    mixture: str
    modes: list[int]
    """Number of modes found, by seed."""
    good: list[float]
    """Fraction of good samples, by seed."""
    overlap: list[float]
    """Overlap of the modes' fractions, by seed."""
    detour: list[float]
    """Value of :func:`detour`, by seed."""
    of: int
    """Number of modes of the mixture."""
    steps: int
    seconds: float
    """Seconds of training for all seeds, compilation included."""


def train(run: Run, seeds: int) -> tuple[Algorithm, TrainState, Dataset]:
    """Trains the runs with seeds from 0; returns their last states along a leading axis."""
    dataset = open_dataset(run.data)
    spec = Spec(dataset.features, run.steps)
    (leg,) = legs(run.algorithm.build(spec), run.steps, run.precision)
    algorithm, data = leg.algorithm, jax.device_put(resident(dataset))
    batch = spec.batch(run.data.batch_size, algorithm.batches_per_step)
    key, taken = jax.random.key(0), advance(algorithm)
    like = jax.eval_shape(algorithm.init, key, batch)
    count = steps_per_call(run, taken, (like, batch, key))

    def steps(state: TrainState, plans: Batch, root: PRNGKey) -> TrainState:
        def step(state: TrainState, plan: Batch, root: PRNGKey) -> Any:
            return taken(state, gather(data, plan, dataset.features), root)

        return (several(step, count) if count > 1 else step)(state, plans, root)[0]

    # The key is split as in the session of a run.
    keys = [jax.random.split(jax.random.key(seed), 3) for seed in range(seeds)]
    init, root = (jax.numpy.stack([key[i] for key in keys]) for i in range(2))
    state = jax.jit(jax.vmap(lambda key: algorithm.init(key, batch)))(init)
    call = jax.jit(jax.vmap(steps), donate_argnums=0)
    n = algorithm.batches_per_step
    orders = [
        plans(dataset, seed=seed, batches_per_step=n, steps_per_call=count) for seed in range(seeds)
    ]
    for _ in range(run.steps // count):
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *map(next, orders))
        state = call(state, stacked, root)
    return algorithm, jax.block_until_ready(state), dataset


def measure(
    algorithm: Algorithm, state: TrainState, dataset: Dataset, seeds: int
) -> list[tuple[dict[str, float], Points]]:
    """For each seed: modes found, fraction of good samples, and the samples."""
    (batch,) = dataset.held_out_batches(len(reals(dataset.data.source.partition(":")[2])))
    assert algorithm.measure is not None
    measured = jax.jit(jax.vmap(algorithm.measure, in_axes=(0, None, None)))
    found = jax.device_get(measured(state.weights(), batch, jax.random.key(0))["mixture"])
    parts = [jax.tree.map(lambda leaf, i=i: leaf[i], found) for i in range(seeds)]
    scaling = dataset.scaling["point"]
    return [(part.compute(), scaling.invert(part.fake[: int(part.count)])) for part in parts]


def detour(algorithm: Algorithm, weights: Any, dimensions: int, n: int = 1000) -> float:
    """E||G(z) - z||^2, divided by its minimum over all pairings of the same codes and samples.

    1 means that no map from these codes to these samples is shorter: it is the optimal transport.
    """
    z = jax.random.normal(jax.random.key(1), (n, dimensions))
    inputs, key = {"z": z}, jax.random.key(0)
    x = np.asarray(algorithm.functions["sample"].apply(weights, inputs, key))
    cost = np.square(np.asarray(z)[:, None] - x[None]).sum(-1)
    return float(cost.trace() / cost[linear_sum_assignment(cost)].sum())


def reals(mixture: str) -> Points:
    """The test part of a mixture."""
    test = open_points(mixture).test
    assert test is not None
    return test().arrays["point"]  # pyright: ignore


def cell(run: Run, config: str, mixture: str, seeds: int) -> tuple[Cell, Points]:
    """A method on a mixture, and the samples of seed 0."""
    run = replace(run, data=replace(run.data, source=f"points:{mixture}"))
    began = time.perf_counter()
    algorithm, state, dataset = train(run, seeds)
    seconds = time.perf_counter() - began
    found = measure(algorithm, state, dataset, seeds)
    modes = [int(numbers["modes"]) for numbers, _ in found]
    good, overlap = ([numbers[name] for numbers, _ in found] for name in ("good", "overlap"))
    point, of = dataset.features["point"], dataset.features["label"].classes
    weights = [jax.tree.map(lambda x, i=i: x[i], state.weights()) for i in range(seeds)]
    ways = [detour(algorithm, own, point.shape[0]) for own in weights]
    own = Cell(config, mixture, modes, good, overlap, ways, of, run.steps, seconds)
    return own, found[0][1]


def table(cells: Sequence[Cell]) -> str:
    """The cells as Markdown, one row per method: mean and standard deviation over the seeds."""
    mixtures = list(dict.fromkeys(c.mixture for c in cells))
    head = ["method", *(f"{m}: {what}" for m in mixtures for what in ("modes", "good", "detour"))]
    lines = [head, ["---"] * len(head)]
    for config in dict.fromkeys(c.config for c in cells):
        row = [CONFIGS.get(config, config)]
        for c in (c for c in cells if c.config == config):
            good = 100 * np.asarray(c.good)
            row += [
                f"{np.mean(c.modes):.1f} ± {_deviation(c.modes):.1f} of {c.of}",
                f"{good.mean():.1f}% ± {_deviation(good):.1f}",
                f"{np.mean(c.detour):.2f} ± {_deviation(c.detour):.2f}",
            ]
        lines.append(row)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _deviation(values: Any) -> float:
    """The sample standard deviation; 0 for a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def write_picture(path: Path, cells: Sequence[Cell], samples: Sequence[Points]) -> None:
    """Writes a PNG: a row per mixture, a column per method; samples over real points in grey."""
    mixtures = list(dict.fromkeys(c.mixture for c in cells))
    configs = list(dict.fromkeys(c.config for c in cells))
    figure = Figure(figsize=(2.3 * len(configs), 2.45 * len(mixtures)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(mixtures), len(configs), squeeze=False)
    for own, points in zip(cells, samples, strict=True):
        place = axes[mixtures.index(own.mixture), configs.index(own.config)]
        place.scatter(*reals(own.mixture).T, s=9, color="0.75", linewidths=0)
        place.scatter(*points.T, s=0.6, color="tab:blue", linewidths=0)
        limit = 1.25 * np.abs(reals(own.mixture)).max()
        place.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[], aspect="equal")
        name, share = CONFIGS.get(own.config, own.config), 100 * own.good[0]
        place.set_title(f"{name}: {own.modes[0]} of {own.of}, {share:.0f}% good", fontsize=8)
    figure.savefig(path, dpi=110)


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.mixtures")
    cells, samples = [], []
    for config in command.configs:
        run = find_config(config)
        run = replace(run, steps=command.steps or run.steps)
        for mixture in command.mixtures:
            found, points = cell(run, config, mixture, command.seeds)
            cells.append(found)
            samples.append(points)
            print(json.dumps(found._asdict()), flush=True)
    print(table(cells))
    if command.picture:
        write_picture(Path(command.picture), cells, samples)
    if command.out:
        rows = [found._asdict() for found in cells]
        Path(command.out).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    cli.main(main)
