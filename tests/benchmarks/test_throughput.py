import json
import math
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from benchmarks import throughput
from jaxgan.algorithms import CGAN, WGAN, CycleGAN, ProGAN
from jaxgan.core import Algorithm, Feature, Spec
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.nets import ProGANDiscriminator, ProGANGenerator
from jaxgan.run.config import Run

ROOT = pathlib.Path(__file__).parents[2]

DENSE = """
from jaxgan.algorithms import GAN
from jaxgan.run.config import Run
from jaxgan.nets import MLPDiscriminator, MLPGenerator

def config():
    nets = {"generator": MLPGenerator(hidden=4), "discriminator": MLPDiscriminator(hidden=4)}
    return Run(name="dense", algorithm=GAN(**nets))
"""

CONVOLUTIONAL = """
from jaxgan.algorithms import CGAN
from jaxgan.run.config import Run
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator

def config():
    generator = BookDCGANGenerator(features=4, conditioning="class_norm")
    discriminator = BookDCGANDiscriminator(features=4, norm="spectral", conditioning="projection")
    return Run(
        name="convolutional",
        algorithm=CGAN(generator=generator, discriminator=discriminator, n_critic=2),
        data=Data(batch_size=8),
    )
"""

# A small matmul: one of 2048 takes a tenth of a second, and there are nineteen of them.
SCRIPT = """
import sys
from benchmarks import throughput
throughput.MATMUL = {"cpu": 64}
throughput.main(sys.argv[1:])
print([name for name in ("tensorflow", "orbax") if name in sys.modules])
"""

MACHINE = {"jax", "backend", "device_kind", "devices", "cpus", "date", "seconds", "rows"}
MEASURED = (
    "compile_seconds",
    "step_seconds",
    "step_images_per_second",
    "peak_memory_mib",
    "gflop_per_step",
    "gflop_per_second",
    "matmul_gflop_per_second",
    "share_of_matmul",
)


def measure(folder, config, *args):
    """(result, printed lines) of the command in a process of its own, as its users run it."""
    path, out = folder / "config.py", folder / "out.json"
    path.write_text(config)
    args = [str(path), "--seconds", "0.2", "--out", str(out), *args]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *args], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout.splitlines()


def check(row, fields):
    for name in fields:
        assert math.isfinite(row[name]), name
        assert row[name] > 0, name


@pytest.mark.slow
def test_row_has_every_measurement(tmp_path):
    result, lines = measure(tmp_path, DENSE, "--batch-size", "8")
    assert result.keys() == MACHINE
    assert (result["jax"], result["backend"], result["devices"]) == (jax.__version__, "cpu", 4)
    (row,) = result["rows"]
    check(row, (*MEASURED, "loop_images_per_second"))
    assert (row["config"], row["images_per_step"], row["batch_size"]) == ("dense", 8, 8)
    assert row["image_shape"] == [28, 28, 1]
    assert len(row["step_images_per_second_windows"]) == throughput.WINDOWS
    titles, numbers, modules = lines[1:]
    assert titles.startswith("config")
    assert numbers.startswith("dense")
    assert len(titles) == len(numbers)
    assert modules == "['orbax']"  # digits lie in memory and need no TensorFlow


@pytest.mark.slow
def test_step_only_imports_no_tensorflow(tmp_path):
    result, lines = measure(tmp_path, CONVOLUTIONAL, "--step-only", "--image-size", "20")
    assert lines[-1] == "[]"
    (row,) = result["rows"]
    check(row, MEASURED)
    assert row["loop_images_per_second"] is None
    assert (row["image_shape"], row["images_per_step"]) == ([20, 20, 1], 16)  # n_critic 2


def test_step_only_takes_shape_and_classes_from_the_config():
    data = Data(source="tfds:none_such", image_size=32, channels=3)
    spec = throughput.spec_of(Run(algorithm=WGAN(), data=data), step_only=True)
    assert spec.features["image"].shape == (32, 32, 3)
    features = {"image": Feature("image", (28, 28, 1)), "label": Feature("label", (), 10)}
    assert throughput.spec_of(Run(algorithm=CGAN()), True) == Spec(features, 10_000)
    spec = throughput.spec_of(Run(algorithm=CycleGAN(), data=data), True)
    assert list(spec.features) == ["a", "b"]


@pytest.mark.slow
def test_of_several_legs_the_last_one_is_measured():
    nets = (net(features=2, base=8) for net in (ProGANGenerator, ProGANDiscriminator))
    names = ("generator", "discriminator")
    algorithm = ProGAN(**dict(zip(names, nets, strict=True)), latent_dim=2, batch_sizes=(16, 8))
    run = Run(algorithm=algorithm, data=Data(image_size=8), steps=10)
    row = throughput.measure(run, 0.01, step_only=False)
    assert row["image_shape"] == (8, 8, 1)
    assert (row["images_per_step"], row["loop_images_per_second"]) == (8, None)


def test_two_domains_are_measured_on_different_noise():
    run = Run(algorithm=WGAN(), data=Data(source="photos", image_size=8))
    spec = throughput.spec_of(run, step_only=False)
    features = {name: Feature("image", (8, 8, 3), stream=name) for name in "ab"}
    assert spec == Spec(features, run.steps)
    batch = throughput.synthetic(spec, 4, Algorithm(print, print, {}))
    assert {leaf.shape for leaf in batch.values()} == {(4, 8, 8, 3)}
    assert (batch["a"] != batch["b"]).mean() > 0.9


PRODUCT = 2 * 32**3


def scanned(x, n):
    return jax.lax.scan(lambda s, _: (s @ x, None), x, length=n)[0]


@pytest.mark.parametrize(
    "function, products",
    [
        (lambda x: x @ x, 1),
        (lambda x: scanned(x, 5), 5),
        (lambda x: jax.jit(lambda x: scanned(x, 5))(x) @ x, 6),
        (lambda x: jax.lax.scan(lambda s, _: (scanned(s, 3), None), x, length=4)[0], 12),
        (lambda x: jax.grad(lambda x: scanned(x, 5).sum())(x), 15),
        (lambda x: jax.lax.cond(x[0, 0] > 0, lambda x: scanned(x, 5), lambda x: x, x), 5),
    ],
)
def test_flops_counts_every_turn_of_a_scan(function, products):
    count = throughput.flops(function, jnp.ones((32, 32)))
    assert count == pytest.approx(products * PRODUCT, rel=0.06)  # additions of gradients


def test_flops_of_a_scan_are_those_of_the_loop_written_out():
    def written_out(x):
        s = x
        for _ in range(5):
            s = s @ x
        return s

    x = jnp.ones((32, 32))
    loop, plain = throughput.flops(lambda x: scanned(x, 5), x), throughput.flops(written_out, x)
    assert loop == pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize(
    "args, message",
    [
        (["--seconds", "0"], "seconds: 0.0 is not above 0"),
        (["--batch_sise", "8"], "--batch"),
        (["--out", "no/such/folder.json"], "out: there is no folder"),
        (["missing.py"], "there is no file missing.py"),
        (["--batch-size", "0"], "data.batch_size: 0 is less than 1"),
    ],
)
def test_bad_input_is_one_line(args, message):
    with pytest.raises(InputError, match=message) as caught:
        throughput.main(args)
    assert "\n" not in str(caught.value)
