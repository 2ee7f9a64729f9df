"""PSNR and SSIM of super-resolution runs: ``python -m benchmarks.super_resolution FOLDER RUN ...``.

This is the papers' protocol, on whole images of different sizes. Each image of FOLDER is cropped to
a multiple of the scale and reduced to bytes by MATLAB's antialiased bicubic. The run's ``upscale``
enlarges these bytes, and :func:`jaxgan.metrics.fidelity` compares the result with the image.
Numbers are means over the images; the first row is the bicubic enlargement.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.images.decode import decode
from jaxgan.data.images.resize import to_channels
from jaxgan.data.sources.folder import find_files
from jaxgan.metrics import fidelity
from jaxgan.ops import bicubic
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.run.opened import open_run
from jaxgan.weights import LPIPS, open_lpips

Enlarge = Callable[[np.ndarray], np.ndarray]
"""Function from uint8 (1, h, w, 3) to uint8 (1, h scale, w scale, 3)."""


def resized(images: np.ndarray, scale: float) -> np.ndarray:
    """Resizes bytes bicubically, to bytes."""
    return np.asarray(to_uint8(bicubic(to_float(jnp.asarray(images)), scale)))


def pairs(folder: Path, scale: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields pairs of small and large images."""
    for file in find_files(folder).images:
        image = to_channels(decode(folder / file, str(file)), 3)
        height, width = (side // scale * scale for side in image.shape[:2])
        large = image[None, :height, :width]
        yield resized(large, 1 / scale), large


def measured(made: np.ndarray, real: np.ndarray, scale: int, lpips: LPIPS | None) -> dict:
    """The measures of one image, by name."""
    values = dict(fidelity(made, real, scale))
    if lpips is not None:
        images = [to_float(jnp.asarray(x)) for x in (made, real)]
        values[lpips.name] = jax.jit(lpips)(lpips.variables, *images)
    return values


def row(folder: Path, scale: int, enlarge: Enlarge, lpips: LPIPS | None) -> dict[str, float]:
    """The means over the images of a folder."""
    each = [measured(enlarge(x), y, scale, lpips) for x, y in pairs(folder, scale)]
    common = [name for name in each[0] if all(name in values for values in each)]
    return {name: float(np.mean([values[name] for values in each])) for name in common}


def table(folder: Path, runs: list[str], scale: int, lpips: LPIPS | None = None) -> str:
    """One row for bicubic enlargement, and one for each run with this scale."""
    ways: dict[str, Enlarge] = {"bicubic": lambda x: resized(x, scale)}
    for run in runs:
        opened = open_run(run)
        ways[f"{Path(run).name} (step {opened.step:,})"] = lambda x, o=opened: o.apply("upscale", x)
    rows = {name: row(folder, scale, enlarge, lpips) for name, enlarge in ways.items()}
    names = list(rows["bicubic"])
    lines = ["| " + " | ".join(["", *names]) + " |", "|---" * (len(names) + 1) + "|"]
    for name, values in rows.items():
        cells = [f"{values[k]:.2f}" if "psnr" in k else f"{values[k]:.4f}" for k in names]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Prints a table for each scale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="images such as those of Set5")
    parser.add_argument("runs", nargs="*", help="run directories")
    parser.add_argument("--scales", type=int, nargs="+", default=[2, 3, 4], help="without runs")
    parser.add_argument(
        "--lpips", nargs=2, metavar=("VGG16", "LINEAR"), help="files of weights: a column of LPIPS"
    )
    args = parser.parse_args()
    lpips = open_lpips(*args.lpips) if args.lpips else None
    found = {run: open_run(run).functions["upscale"].scale for run in args.runs}
    for scale in sorted(set(found.values()) or args.scales):
        print(table(args.folder, [run for run in found if found[run] == scale], scale, lpips))


if __name__ == "__main__":
    main()
