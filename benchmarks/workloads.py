"""The workloads of :mod:`benchmarks.compare`, with jaxgan's algorithm for each.

JAX, PyTorch and TensorFlow are imported only when a builder is called, so a contender's process
imports only its own library.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

Arrays: TypeAlias = dict[str, np.ndarray]
"""Data of a step by name: NHWC bytes, with a leading axis if a step takes several batches."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One training step, the same in every library."""

    about: str
    """Description in one line."""
    jaxgan: Callable[["Workload"], Any]
    """Function that returns jaxgan's algorithm, before ``build(spec)``."""
    peer: str
    """Key in ``PEERS`` of :mod:`torch_gan` and :mod:`tensorflow_gan`."""
    image_shape: tuple[int, int, int]
    """Shape (height, width, channels) of an image."""
    features: tuple[int, int]
    """Width of the generator's and of the discriminator's layers."""
    latent_dim: int = 0
    """Dimension of a latent code; 0: no latent code."""
    betas: tuple[float, float]
    """Values of b1 and b2 in Adam."""
    learning_rate: float = 2e-4
    """Learning rate of Adam, for both players."""
    n_critic: int = 1
    """Number of discriminator updates per step, each with its own batch."""
    share_fakes: bool = False
    """Reuse of the discriminator's fakes for the generator's update."""
    batch_size: int = 64
    """Number of images in a batch."""
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
"""Size of CycleGAN's pool of fakes for each domain."""

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
"""Workloads by name."""

DEFAULT = (
    "dcgan_28",
    "dcgan_28_shared",
    "dcgan_64_half",
    "dcgan_64_half_shared",
    "wgan_gp_32_half",
)
"""Default workloads of a command."""


def random_bytes(workload: Workload, batch_size: int) -> Arrays:
    """Data of a step: noise, the same for every contender."""
    lead = (workload.n_critic, batch_size) if workload.n_critic > 1 else (batch_size,)
    shape = (*lead, *workload.image_shape)
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, shape, np.uint8) for name in workload.inputs}


def spec_of(workload: Workload) -> Any:
    """The spec for which the workload's method is built."""
    from jaxgan.core import Feature, Spec

    image = Feature("image", workload.image_shape)
    return Spec(dict.fromkeys(workload.inputs, image), steps=1000)
