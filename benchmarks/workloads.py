"""The workloads of :mod:`benchmarks.compare`, jaxgan's side of each, and the process that runs one.

Nothing here imports JAX, PyTorch or TensorFlow before a builder is called: a contender's process
holds its own library and no other.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Arrays: TypeAlias = dict[str, np.ndarray]
"""A step's data by name: bytes, NHWC, with a leading axis of batches where a step takes several."""

WARMUP = 2
"""Calls after the first one and before the first window."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One training step, the same in every library."""

    about: str
    """What it is, in a line."""
    jaxgan: Callable[["Workload"], Any]
    """Makes jaxgan's algorithm, before ``build(spec)``."""
    peer: str
    """Its key in ``PEERS`` of :mod:`torch_gan` and :mod:`tensorflow_gan`."""
    image_shape: tuple[int, int, int]
    """(height, width, channels)."""
    features: tuple[int, int]
    """Width of the generator's and of the discriminator's layers."""
    latent_dim: int = 0
    """Numbers in a latent code; 0 where there is none."""
    betas: tuple[float, float]
    """Adam's."""
    learning_rate: float = 2e-4
    """Adam's, of both players."""
    n_critic: int = 1
    """Batches a step, one for each of the discriminator's updates."""
    share_fakes: bool = False
    """The generator's update uses the fakes of the discriminator's again."""
    batch_size: int = 64
    """Images in a batch."""
    inputs: tuple[str, ...] = ("image",)
    """Names of the image arrays in a batch."""


def _gan(workload: Workload, generator: Any, discriminator: Any) -> Any:
    from jaxgan.algorithms import GAN

    shared = {"share_fakes": True} if workload.share_fakes else {}
    return GAN(
        generator=generator(features=workload.features[0]),
        discriminator=discriminator(features=workload.features[1]),
        latent_dim=workload.latent_dim,
        **shared,
        **_training(workload),
    )


def _training(workload: Workload, critic: str = "discriminator") -> dict[str, Any]:
    from jaxgan.algorithms import Adam

    b1, b2 = workload.betas
    adam = Adam(lr=workload.learning_rate, b1=b1, b2=b2)
    return {"generator_optimizer": adam, f"{critic}_optimizer": adam, "ema_decay": 0.0}


def book_dcgan(workload: Workload) -> Any:
    """The DCGAN of the book in jaxgan."""
    from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator

    return _gan(workload, BookDCGANGenerator, BookDCGANDiscriminator)


def dcgan(workload: Workload) -> Any:
    """The DCGAN of the paper in jaxgan."""
    from jaxgan.nets import DCGANDiscriminator, DCGANGenerator

    return _gan(workload, DCGANGenerator, DCGANDiscriminator)


def wgan_gp(workload: Workload) -> Any:
    """WGAN-GP with the paper's ResNets in jaxgan."""
    from jaxgan.algorithms import WGAN, Penalties
    from jaxgan.nets import ResidualCritic, ResidualGenerator

    return WGAN(
        generator=ResidualGenerator(features=workload.features[0]),
        critic=ResidualCritic(features=workload.features[1]),
        latent_dim=workload.latent_dim,
        n_critic=workload.n_critic,
        penalties=Penalties(gradient_penalty=PENALTY),
        **_training(workload, "critic"),
    )


def cyclegan(workload: Workload) -> Any:
    """CycleGAN with the paper's nets in jaxgan."""
    from jaxgan.algorithms import CycleGAN
    from jaxgan.nets import PatchGAN, ResNetGenerator

    return CycleGAN(
        generator=ResNetGenerator(features=workload.features[0]),
        discriminator=PatchGAN(features=workload.features[1]),
        pool_size=POOL,
        **_training(workload),
    )


PENALTY = 10.0
"""Weight of WGAN-GP's penalty."""
CYCLE, IDENTITY = 10.0, 5.0
"""Weights of CycleGAN's two losses beside the adversarial one."""
POOL = 50
"""Fakes of each domain that CycleGAN keeps."""

_DCGAN = {"latent_dim": 100, "betas": (0.5, 0.999)}
_BOOK: dict[str, Any] = {
    "jaxgan": book_dcgan,
    "peer": "book_dcgan",
    "image_shape": (28, 28, 1),
    "features": (64, 32),
    **_DCGAN,
}
_PAPER: dict[str, Any] = {
    "jaxgan": dcgan,
    "peer": "dcgan",
    "image_shape": (64, 64, 3),
    **_DCGAN,
}
_RESNET: dict[str, Any] = {
    "jaxgan": wgan_gp,
    "peer": "wgan_gp",
    "image_shape": (32, 32, 3),
    "latent_dim": 128,
    "betas": (0.0, 0.9),
    "n_critic": 5,
}

_CYCLE: dict[str, Any] = {
    "jaxgan": cyclegan,
    "peer": "cyclegan",
    "features": (64, 64),
    "betas": (0.5, 0.999),
    "inputs": ("a", "b"),
}

_FRESH = {
    "dcgan_28": Workload(about="DCGAN of the book, 28 px grey", **_BOOK),
    "dcgan_64": Workload(about="DCGAN of the paper, 64 px RGB", features=(64, 64), **_PAPER),
    "dcgan_64_half": Workload(
        about="DCGAN of the paper at half width, 64 px RGB", features=(32, 32), **_PAPER
    ),
}
_SHARED = {
    f"{name}_shared": replace(w, about=f"{w.about}, fakes shared by both updates", share_fakes=True)
    for name, w in _FRESH.items()
}
_CYCLEGANS = {
    f"cyclegan_{size}{suffix}": Workload(
        about=f"CycleGAN of the paper, {size} px RGB",
        image_shape=(size, size, 3),
        batch_size=batch_size,
        **_CYCLE,
    )
    for size in (64, 128, 256)
    for suffix, batch_size in (("", 1), ("_b4", 4))
}
WORKLOADS: dict[str, Workload] = {
    **_FRESH,
    **_SHARED,
    "wgan_gp_32": Workload(about="WGAN-GP ResNet, 32 px RGB", features=(128, 128), **_RESNET),
    "wgan_gp_32_half": Workload(
        about="WGAN-GP ResNet at half width, 32 px RGB", features=(64, 64), **_RESNET
    ),
    **_CYCLEGANS,
}
"""By name."""

DEFAULT = (
    "dcgan_28",
    "dcgan_28_shared",
    "dcgan_64_half",
    "dcgan_64_half_shared",
    "wgan_gp_32_half",
)
"""The workloads of a command that names none."""


@dataclass(frozen=True)
class Contender:
    """A library in one of its forms."""

    module: str
    """Has ``build(workload, arrays, form) -> Runner``."""
    form: str
    """Which of the library's forms."""
    package: str
    """What is imported."""
    requirement: str
    """What pip installs."""


_TORCH = ("torch", "torch==2.13.0")
_TENSORFLOW = ("tensorflow", "tensorflow-cpu==2.21.0")
CONTENDERS: dict[str, Contender] = {
    "jaxgan": Contender("benchmarks.workloads", "step", "jaxgan", "-e ."),
    "jaxgan-x8": Contender("benchmarks.workloads", "x8", "jaxgan", "-e ."),
    "torch-eager": Contender("benchmarks.peers.torch_gan", "eager", *_TORCH),
    "torch-channels-last": Contender("benchmarks.peers.torch_gan", "channels_last", *_TORCH),
    "torch-compile": Contender("benchmarks.peers.torch_gan", "compile", *_TORCH),
    "tf-function": Contender("benchmarks.peers.tensorflow_gan", "function", *_TENSORFLOW),
    "tf-xla": Contender("benchmarks.peers.tensorflow_gan", "xla", *_TENSORFLOW),
}
"""By name; the ratios are to the first."""

_CUDA = ("benchmarks.peers.torch_cuda",)
GPU_CONTENDERS: dict[str, Contender] = {
    "jaxgan-bf16": Contender("benchmarks.workloads", "bf16", "jaxgan", "-e ."),
    "jaxgan-bf16-x8": Contender("benchmarks.workloads", "bf16 x8", "jaxgan", "-e ."),
    "jaxgan-bf16-x8-device": Contender("benchmarks.workloads", "bf16 x8 device", "jaxgan", "-e ."),
    "cuda-eager": Contender(*_CUDA, "channels_last", *_TORCH),
    "cuda-eager-bf16": Contender(*_CUDA, "channels_last bf16", *_TORCH),
    "cuda-compile-bf16": Contender(*_CUDA, "compile bf16", *_TORCH),
    "cuda-graphs-bf16": Contender(*_CUDA, "graphs bf16", *_TORCH),
}
"""Those of :mod:`benchmarks.gpu`, besides ``jaxgan`` and ``jaxgan-x8``."""


RESIDENT = 8192
"""Images of the data set on the devices, unless a step's batches have more."""


class Runner(NamedTuple):
    """A contender, ready to run."""

    call: Callable[[], Any]
    """Does ``steps`` steps, or starts them, and returns what they report."""
    wait: Callable[[Any], Any]
    """Waits for what a call returned."""
    version: str
    """Of the library."""
    steps: int = 1
    """Training steps in a call."""


def random_bytes(workload: Workload, batch_size: int) -> Arrays:
    """A step's data: noise, the same for every contender."""
    lead = (workload.n_critic, batch_size) if workload.n_critic > 1 else (batch_size,)
    shape = (*lead, *workload.image_shape)
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, shape, np.uint8) for name in workload.inputs}


def build(workload: Workload, arrays: Arrays, form: str) -> Runner:
    """The step as ``jaxgan.train`` compiles it: state donated, batch on the devices.

    Args:
      workload: what a step is.
      arrays: its data.
      form: ``step``, or words: ``x8`` (eight steps a call), ``bf16`` (the compute dtype) and
        ``device`` (batches are gathered in the call from a data set on the devices).
    """
    import jax

    from jaxgan.system.devices import Devices

    words = form.split()
    dtype, count = "bfloat16" if "bf16" in words else "float32", 8 if "x8" in words else 1
    method = replace(workload.jaxgan(workload), compute_dtype=dtype)
    algorithm = method.build(spec_of(workload))
    devices = Devices()
    key = jax.device_put(jax.random.key(0), devices.replicated)
    state = devices.init(algorithm, key, arrays)
    make = _resident if "device" in words else _stacked
    feed, lead, several_steps = make(workload, arrays, algorithm, devices, count)
    step = devices.compile(several_steps, state, lead, resident="device" in words)

    def call() -> Any:
        nonlocal state
        state, metrics = step(state, feed, key)
        return metrics

    return Runner(call, jax.block_until_ready, f"jax {jax.__version__}", count)


def _stacked(workload: Workload, arrays: Arrays, algorithm: Any, devices: Any, count: int) -> Any:
    """``(feed, axes before its example axis, step)``: every step's batch stands in the feed."""
    from jaxgan.core import advance, several
    from jaxgan.system.devices import leading

    del workload
    step, lead = advance(algorithm), leading(algorithm, count)
    if count > 1:
        step = several(step, count)
        arrays = {name: np.stack([array] * count) for name, array in arrays.items()}
    return devices.place(arrays, lead), lead, step


def _resident(workload: Workload, arrays: Arrays, algorithm: Any, devices: Any, count: int) -> Any:
    """The same with a data set of noise and a plan as the feed: each step gathers its batch."""
    import jax

    from jaxgan.core import advance, several
    from jaxgan.data import Data
    from jaxgan.data.dataset import dataset_of
    from jaxgan.data.examples import in_memory
    from jaxgan.data.order import plans
    from jaxgan.data.resident import gather, resident
    from jaxgan.system.devices import leading

    n = algorithm.batches_per_step
    size = arrays[workload.inputs[0]].shape[1 if n > 1 else 0]
    data = Data(image_size=workload.image_shape[0], batch_size=size, on_device=True)
    rng = np.random.default_rng(1)
    shape = (max(RESIDENT, n * size), *workload.image_shape)
    noise = {name: rng.integers(0, 256, shape, np.uint8) for name in workload.inputs}
    dataset = dataset_of(data, {"": in_memory("noise", spec_of(workload).features, noise)})
    plan = next(plans(dataset, seed=0, start_step=0, batches_per_step=n, steps_per_call=count))
    lead = leading(algorithm, count)
    examples = jax.device_put(resident(dataset), devices.replicated)

    def call(state: Any, feed: Any, root: Any) -> Any:
        examples, plan = feed

        def step(state: Any, plan: Any, root: Any) -> Any:
            return advance(algorithm)(state, gather(examples, plan, dataset.features), root)

        return (several(step, count) if count > 1 else step)(state, plan, root)

    return (examples, devices.place(plan, lead)), lead, call


def spec_of(workload: Workload) -> Any:
    """What the workload's method is built for."""
    from jaxgan.core import Feature, Spec

    image = Feature("image", workload.image_shape)
    return Spec(dict.fromkeys(workload.inputs, image), steps=1000)


# A contender's process.


def work(task: str) -> None:
    """Builds what the task says, then answers each line ``calls`` on stdin with their seconds.

    Answers are lines of JSON on what was stdout when the process began; prints go to stderr. What
    the contender raises is the last answer.

    Args:
      task: JSON with ``module``, ``form``, ``workload`` and ``batch_size``.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        for values in _answers(**json.loads(task)):
            print(json.dumps(values), file=answers, flush=True)
    except Exception as error:
        text = next(iter(str(error).strip().splitlines()), "")
        print(json.dumps({"error": f"{type(error).__name__}: {text}"}), file=answers, flush=True)


def _answers(
    module: str, form: str, workload: str, batch_size: int | None
) -> Iterator[dict[str, Any]]:
    """What the first call took, then what each window on stdin took."""
    this = WORKLOADS[workload]
    arrays = random_bytes(this, batch_size or this.batch_size)
    runner = importlib.import_module(module).build(this, arrays, form)
    start = time.perf_counter()
    runner.wait(runner.call())
    seconds = time.perf_counter() - start
    for _ in range(WARMUP):
        runner.wait(runner.call())
    yield {"version": runner.version, "compile_seconds": seconds, "steps": runner.steps}
    for line in sys.stdin:
        yield {"seconds": _window(runner, int(line)), "peak_mib": _peak_mib()}


def _window(runner: Runner, calls: int) -> float:
    """Seconds of that many calls, after one that isn't counted; waits at the end alone."""
    runner.wait(runner.call())
    start, result = time.perf_counter(), None
    for _ in range(calls):
        result = runner.call()
    runner.wait(result)
    return time.perf_counter() - start


def _peak_mib() -> float:
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if torch is not None and torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    if jax is not None and (stats := jax.local_devices()[0].memory_stats()):
        return stats["peak_bytes_in_use"] / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
