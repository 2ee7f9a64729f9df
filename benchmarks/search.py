"""Neighbours by codes and by pixels: ``python -m benchmarks.search RUN...``.

Each held-out image of a run is a query among the training images. A neighbour is right if it has
the query's class; the autoencoder was trained without classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import tyro
from jaxtyping import Float, Int
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from jaxgan import cli
from jaxgan.data.dataset import Stream, open_dataset
from jaxgan.errors import InputError
from jaxgan.run.opened import open_run

Rows = Float[np.ndarray, "n d"]
Labels = Int[np.ndarray, "n"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measures how many nearest neighbours have the query's class; prints a table."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Runs of labelled images whose method has ``encode``, all on the same data."""
    k: int = 8
    """Number of neighbours per query."""
    queries: int = 2_000
    """Largest number of held-out images used as queries, a fixed random choice."""


def recalls(index: Rows, labels: Labels, queries: Rows, wanted: Labels, k: int) -> list[float]:
    """Fractions of right neighbours at rank 1, and among the first ``k``."""
    search = NearestNeighbors(n_neighbors=k).fit(index)
    right = labels[search.kneighbors(queries, return_distance=False)] == wanted[:, None]
    return [float(right[:, 0].mean()), float(right.mean())]


def main(args: Sequence[str]) -> None:
    """Prints one row per representation."""
    command = cli.parse(Command, None, args, "python -m benchmarks.search")
    runs = [open_run(run) for run in command.runs]
    dataset = open_dataset(runs[0].data)
    stream: Stream = dataset.streams[""]
    if stream.held_out is None or "label" not in dataset.features:
        raise InputError("runs: their data need labels and a held-out part")
    seen = dataset.loader("").examples(range(len(stream.train)))
    chosen = np.random.default_rng(0).permutation(stream.held_out.size)[: command.queries]
    asked = dataset.loader("", held_out=True).examples(chosen)
    pixels = [part["image"].reshape(len(part["image"]), -1) / 255.0 for part in (seen, asked)]
    ways = {f"pixels, {pixels[0].shape[1]}": pixels}
    for name, run in zip(command.runs, runs, strict=True):
        codes = [
            run.apply("encode", part["image"]).reshape(len(part["image"]), -1)
            for part in (seen, asked)
        ]
        size = codes[0].shape[1]
        ways[f"principal components, {size}"] = list(
            map(PCA(size, random_state=0).fit(pixels[0]).transform, pixels)
        )
        ways[f"{name}, {size}"] = codes
    print(f"| what is compared, numbers | right at rank 1 | recall@{command.k} |\n|---|---|---|")
    for way, (index, queries) in ways.items():
        first, share = recalls(index, seen["label"], queries, asked["label"], command.k)
        print(f"| {way} | {first:.1%} | {share:.1%} |")


if __name__ == "__main__":
    cli.main(main)
