"""Imports only point up the list of layers in the design."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

LAYERS = [
    {"typing", "errors"},
    {"core"},
    {"ops", "losses"},
    {"nets", "metrics"},
    {"weights"},
    {"algorithms", "data"},
    {"system"},
    {"measure"},
    {"run"},
    {"latents"},
    {"cli"},
    {"train", "sample", "apply", "evaluate", "search", "style", "latent", "average", "__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted((ROOT / "jaxgan").rglob("*.py"))


def package_of(path):
    return path.relative_to(ROOT / "jaxgan").parts[0].removesuffix(".py")


def imports(path):
    """The parts of jaxgan that a file imports when it is run, and other top-level packages."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names = [a.name for a in node.names] if node.module == "jaxgan" else [None]
            for name in names:
                yield node.module.split(".") if name is None else ["jaxgan", name]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_up(path):
    here = package_of(path)
    if here == "__init__":
        return
    assert here in LEVEL, f"{here} has no place among the layers"
    for parts in imports(path):
        if parts[0] != "jaxgan" or len(parts) == 1 or parts[1] == here:
            continue
        assert LEVEL[parts[1]] <= LEVEL[here], f"{path.name} imports {'.'.join(parts)}"


@pytest.mark.parametrize(
    "package,owners",
    [
        ("orbax", {"checkpoint.py"}),
        ("tensorboardX", {"logging.py"}),
        ("tensorflow", {"hosttf.py"}),
        ("matplotlib", {"pictures.py"}),
    ],
)
def test_one_file_knows_each_heavy_library(package, owners):
    users = {path.name for path in FILES if any(p[0] == package for p in imports(path))}
    assert users == owners


def test_nets_know_no_optimizer_and_core_neither_nets_nor_losses():
    for path in FILES:
        used = {".".join(parts[:2]) for parts in imports(path)}
        if package_of(path) == "nets":
            assert not {name for name in used if name.startswith("optax")}
        if package_of(path) == "core":
            assert not used & {"jaxgan.nets", "jaxgan.losses"}


LIGHT = (
    "jaxgan", "jaxgan.losses", "jaxgan.measure.features", "jaxgan.metrics", "jaxgan.nets",
    "jaxgan.run.config",
)  # fmt: skip
LOADED = f"""
import sys, {", ".join(LIGHT)}
print(*{{name.split(".")[0] for name in sys.modules}})

from jaxgan.data.config import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.order import plans
from jaxgan.data.resident import resident
dataset = open_dataset(Data(on_device=True, held_out=0.1))
dataset.gallery()
resident(dataset)
next(plans(dataset, seed=0))
print(*{{name.split(".")[0] for name in sys.modules}})
"""


def test_importing_the_library_is_light_and_only_the_pipeline_loads_tensorflow():
    """In one process: what is not there at its end was loaded by none of its lines."""
    out = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    imported, on_device = (set(line.split()) for line in out.splitlines())
    assert {"jax", "jaxgan"} <= imported
    assert not {"tensorflow", "orbax", "matplotlib", "sklearn", "PIL", "torch"} & imported
    assert not {name for name in on_device if name.startswith("tensorflow")}
