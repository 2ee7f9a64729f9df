"""Seconds for FID's features and distance, beside two peers: ``python -m benchmarks.fid``.

README.md describes the measurement.
"""

import importlib.util
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import cli
from jaxgan.measure.collecting import Collector, Needs
from jaxgan.measure.features import inception_features
from jaxgan.measure.sets import ImageSet
from jaxgan.metrics import Moments, frechet_distance
from jaxgan.weights.files import read_weights

PAUSE = 0.3
"""Pause in seconds before a window, until the last contender's threads stop waiting for work."""
SIZE = 2048
"""Number of features per image."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Times jaxgan, torch-fidelity and pytorch-fid on the same images, weights and features."""

    n: tuple[int, ...] = (10_000, 50_000)
    """Sizes of image sets; distances are measured for each, and times of features scaled to it."""
    images: int = 64
    """Number of images in a window of features; with n itself, nothing is scaled."""
    image_size: int = 32
    """Height and width of the images."""
    batch_size: int = 32
    """Number of images per batch."""
    rounds: int = 3
    """Number of windows per contender."""
    parts: tuple[str, ...] = ("features", "distance")
    """Parts to measure."""
    weights: str | None = None
    """File of Inception's weights; None: random weights, which take the same time."""
    out: str | None = None
    """Output JSON file for the rows."""


def random_weights(path: Path) -> Path:
    """Writes random weights in PyTorch's format; torchvision's net has the same tensors."""
    import torch

    from benchmarks.peers.torchvision_cpu import torchvision

    make = torchvision.models.inception_v3
    net = make(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
    torch.save(net.state_dict(), path)
    return path


def jaxgan_features(weights: Path, command: Command) -> Callable[[np.ndarray], Any]:
    """One pass over images as in ``python -m jaxgan.evaluate``, moments included."""
    features = inception_features(read_weights(weights), "")
    collect = Collector(Needs(moments=True), features, command.batch_size)

    def run(images: np.ndarray) -> Any:
        named = ImageSet("images", len(images), lambda places: ((i, images[i]) for i in places))
        return collect(named, leave=False).moments

    return run


def torch_fidelity_features(weights: Path, command: Command) -> Callable[[np.ndarray], Any]:
    """torch-fidelity's extractor, batch by batch, and its moments."""
    from benchmarks.peers import torchvision_cpu  # noqa: F401  # isort: skip
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.metric_fid import fid_features_to_statistics

    net = FeatureExtractorInceptionV3("inception", ["2048"], str(weights))
    run = _batches(lambda x: net(x)[0], net, command.batch_size)
    return lambda images: fid_features_to_statistics(run(images))


def pytorch_fid_features(weights: Path, command: Command) -> Callable[[np.ndarray], Any]:
    """pytorch-fid's extractor, batch by batch, and its moments."""
    import torch

    from benchmarks.peers import torchvision_cpu  # noqa: F401  # isort: skip
    from pytorch_fid import inception

    load = mock.Mock(return_value=torch.load(weights))
    with mock.patch.object(inception, "load_state_dict_from_url", load):
        net = inception.InceptionV3().eval()
    run = _batches(lambda x: net(x.float() / 255)[0][:, :, 0, 0], net, command.batch_size)

    def moments(images: np.ndarray) -> Any:
        features = run(images).numpy()
        return features.mean(0), np.cov(features, rowvar=False)

    return moments


def _batches(forward: Callable[[Any], Any], net: Any, size: int) -> Callable[[np.ndarray], Any]:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    net.to(device)

    def run(images: np.ndarray) -> Any:
        x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        with torch.no_grad():
            return torch.cat([forward(part.to(device)).cpu() for part in x.split(size)])

    return run


Pair = tuple[Callable[[np.ndarray], Any], Callable[[Any, Any], float]]
"""The functions from features to moments, and from two moments to their distance."""


def jaxgan_distance() -> Pair:
    """Moments on the device, 500 rows at a time, and the distance on the host."""
    update = jax.jit(Moments.update, donate_argnums=0)

    def moments(rows: np.ndarray) -> Any:
        state = Moments.create(rows.shape[1])
        for start in range(0, len(rows), 500):
            state = update(state, jnp.asarray(rows[start : start + 500]))
        return state.compute()

    return moments, lambda a, b: frechet_distance(*a, *b)


def torch_fidelity_distance() -> Pair:
    """NumPy's covariance, and the eigenvalues of the product of the two."""
    import torch

    from benchmarks.peers import torchvision_cpu  # noqa: F401  # isort: skip
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    def distance(a: Any, b: Any) -> float:
        return fid_statistics_to_metric(a, b, False)["frechet_inception_distance"]

    return lambda rows: fid_features_to_statistics(torch.from_numpy(rows)), distance


def pytorch_fid_distance() -> Pair:
    """NumPy's covariance, and SciPy's square root of the product of the two."""
    from benchmarks.peers import torchvision_cpu  # noqa: F401  # isort: skip
    from pytorch_fid.fid_score import calculate_frechet_distance

    def moments(rows: np.ndarray) -> Any:
        return rows.mean(0), np.cov(rows, rowvar=False)

    return moments, lambda a, b: calculate_frechet_distance(*a, *b)


EXTRACTORS = {
    "jaxgan": jaxgan_features,
    "torch-fidelity": torch_fidelity_features,
    "pytorch-fid": pytorch_fid_features,
}
DISTANCES = {
    "jaxgan": jaxgan_distance,
    "torch-fidelity": torch_fidelity_distance,
    "pytorch-fid": pytorch_fid_distance,
}


def installed(contenders: dict[str, Any]) -> dict[str, Any]:
    """The contenders whose package is installed; prints the names of the others."""
    here = {n: c for n, c in contenders.items() if importlib.util.find_spec(n.replace("-", "_"))}
    if missing := contenders.keys() - here.keys():
        print(f"left out, as they are not installed: {', '.join(sorted(missing))}")
    return here


def measure_features(command: Command) -> list[dict[str, Any]]:
    """Measures windows of all contenders in turn; returns medians of times and ratios to jaxgan."""
    shape = (command.images, command.image_size, command.image_size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(command.weights or random_weights(Path(folder) / "weights.pth"))
        runs = {name: make(weights, command) for name, make in installed(EXTRACTORS).items()}
    for run in runs.values():
        run(images[: 2 * command.batch_size])
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(command.rounds):
        for name, run in runs.items():
            seconds[name].append(timed(run, images))
    return [
        {
            "contender": name,
            "images_per_second": command.images / statistics.median(own),
            "ratio": ratio(own, seconds["jaxgan"]),
            **{f"features_{n}": statistics.median(own) / command.images * n for n in command.n},
        }
        for name, own in seconds.items()
    ]


def measure_distance(command: Command) -> list[dict[str, Any]]:
    """Measures moments of n features and the distance of two sets, in turn."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(SIZE, SIZE)).astype(np.float32) / SIZE**0.5
    distances = installed(DISTANCES)
    rows: list[dict[str, Any]] = [{"contender": name} for name in distances]
    contenders = [make() for make in distances.values()]
    for n in command.n:
        features = np.maximum(rng.standard_normal((n, SIZE), np.float32) @ mixing, 0)
        other = np.maximum(rng.standard_normal((n, SIZE), np.float32) @ mixing + 0.1, 0)
        for row, (moments, distance) in zip(rows, contenders, strict=True):
            known, made = moments(features), moments(other)
            row[f"moments_{n}"] = min(timed(moments, features) for _ in range(command.rounds))
            row[f"distance_{n}"] = min(timed(distance, known, made) for _ in range(command.rounds))
            row[f"fid_{n}"] = distance(known, made)
    return rows


def timed(run: Callable[..., Any], *args: Any) -> float:
    """The seconds of one call."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    run(*args)
    return time.perf_counter() - start


def ratio(own: list[float], reference: list[float]) -> float:
    """The median ratio of a window's seconds to those of jaxgan's window beside it."""
    return statistics.median(a / b for a, b in zip(own, reference, strict=True))


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[v if isinstance(v, str) else f"{v:,.4g}" for v in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def measure(command: Command) -> dict[str, list[dict[str, Any]]]:
    """Measures and prints all parts; returns their rows."""
    parts = {"features": measure_features, "distance": measure_distance}
    results = {}
    for name in command.parts:
        results[name] = parts[name](command)
        print(table(results[name]), end="\n\n", flush=True)
    return results


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.fid")
    results = measure(command)
    if command.out:
        Path(command.out).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    cli.main(main)
