"""Every algorithm at a size that compiles in seconds."""

import atexit
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.algorithms import (
    ADA,
    AFM,
    CGAN,
    GAN,
    R3GAN,
    SGAN,
    SRGAN,
    VAE,
    WGAN,
    Adam,
    AnomalyAutoencoder,
    Autoencoder,
    CycleGAN,
    DiffAugment,
    FastStyle,
    GANomaly,
    Noise,
    Penalties,
    Pix2Pix,
    RMSprop,
    Segmentation,
    SkipGANomaly,
    StyleGAN2,
    SuperResolution,
    Targets,
)
from jaxgan.core import Feature, Spec
from jaxgan.data.config import Data
from jaxgan.nets import (
    EDSR,
    FSRCNN,
    WDSR,
    BookDCGANDiscriminator,
    BookDCGANGenerator,
    ConvDecoder,
    DCGANDiscriminator,
    DCGANGenerator,
    DenseDecoder,
    DenseEncoder,
    MLPDiscriminator,
    MLPGenerator,
    MNet,
    PatchGAN,
    PixelDiscriminator,
    PointDiscriminator,
    PointGenerator,
    R3GANDiscriminator,
    R3GANGenerator,
    ResidualCritic,
    ResidualGenerator,
    ResNetGenerator,
    SRGANDiscriminator,
    SRResNet,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
    StyleNet,
    UNet,
    UNetGenerator,
)
from jaxgan.run.config import Checkpoint, Log, Run, Sample

SPEC = Spec({"image": Feature("image", (8, 8, 1)), "label": Feature("label", (), 10)}, steps=20)
PAIRS = Spec({"a": Feature("image", (8, 8, 3)), "b": Feature("image", (8, 8, 3))}, steps=20)
POINTS = Spec({"point": Feature("array", (2,)), "label": Feature("label", (), 8)}, steps=20)
MASKS = Spec({"image": Feature("image", (8, 8, 3)), "mask": Feature("mask", (8, 8), 11)}, steps=20)
ANOMALY = {"anomaly": Feature("label", (), 2)}
NORMALS = Spec({"image": Feature("image", (8, 8, 1)), **ANOMALY}, steps=20)
ROWS = Spec({"row": Feature("array", (3,)), **ANOMALY}, steps=20)
NETS = {
    "generator": BookDCGANGenerator(features=2),
    "discriminator": BookDCGANDiscriminator(features=2),
}
SMOOTH = {**NETS, "discriminator": BookDCGANDiscriminator(features=2, norm="layer")}
DENSE = {
    "generator": PointGenerator(hidden=8, layers=1),
    "discriminator": PointDiscriminator(hidden=8, layers=1),
}
CRITIC = {
    "generator": BookDCGANGenerator(features=2),
    "critic": BookDCGANDiscriminator(features=2, norm="none"),
}

ALGORITHMS = {
    "gan": GAN(generator=MLPGenerator(hidden=8), discriminator=MLPDiscriminator(hidden=8)),
    "dcgan": GAN(
        **NETS,
        targets=Targets(real_label=0.9, flip=0.1, noise=0.1),
        generator_optimizer=Adam(clip_norm=1.0),
        discriminator_optimizer=Adam(clip_norm=1.0),
    ),
    "rpgan": GAN(
        **SMOOTH,
        objective="relativistic",
        penalties=Penalties(r1=0.1, r2=0.1, drift=0.001),
        n_critic=2,
    ),
    "shared": GAN(**NETS, share_fakes=True),
    "lazy": GAN(
        **SMOOTH,
        penalties=Penalties(r1=1.0, every=2),
        augment=DiffAugment(policy=("colour", "translation", "cutout")),
    ),
    "cgan": CGAN(generator=MLPGenerator(hidden=8), discriminator=MLPDiscriminator(hidden=8)),
    "sn_cgan": CGAN(
        generator=BookDCGANGenerator(features=2, conditioning="class_norm"),
        discriminator=BookDCGANDiscriminator(
            features=2, norm="spectral", conditioning="projection"
        ),
        objective="hinge",
    ),
    "sgan": SGAN(**NETS),
    "wgan": WGAN(
        generator=BookDCGANGenerator(features=2),
        critic=BookDCGANDiscriminator(features=2),
        generator_optimizer=RMSprop(),
        critic_optimizer=RMSprop(),
        penalties=Penalties(),
        clip=0.01,
        n_critic=2,
    ),
    "wgan_gp": WGAN(
        **CRITIC,
        n_critic=2,
        generator_optimizer=Adam(lr=1e-4, b1=0.0, b2=0.9, schedule="linear"),
        critic_optimizer=Adam(lr=1e-4, b1=0.0, b2=0.9, schedule="linear"),
        dequantize=True,
        generator_batch=2,
    ),
}
ALGORITHMS |= {
    "stylegan2": StyleGAN2(
        generator=StyleGAN2Generator(style_dim=4, mapping_layers=1, channel_base=32, channel_max=4),
        discriminator=StyleGAN2Discriminator(channel_base=32, channel_max=4, mapping_layers=1),
        conditional=True,
        latent_dim=4,
        augment=ADA(transforms=("colour",), p=0.5, every=2, kimg=0.1),  # the one soonest compiled
        r1_every=2,
        path_every=2,
    ),
    "points": GAN(**DENSE, latent_dim=2),
    "afm": AFM(**DENSE, transport=0.1),
    "r3gan": R3GAN(**DENSE, ema_half_life=100.0),
    "r3gan_images": R3GAN(
        generator=R3GANGenerator(features=4, blocks=1),
        discriminator=R3GANDiscriminator(features=4, blocks=1),
        conditional=True,
    ),
    "cyclegan": CycleGAN(
        generator=ResNetGenerator(features=2, blocks=1),
        discriminator=PatchGAN(features=2, layers=1),
        pool_size=12,
        ema_decay=0.9,
    ),
    "cyclegan_parts": CycleGAN(
        generator=ResNetGenerator(features=2, blocks=1, initializer="glorot"),
        discriminator=PatchGAN(features=2, layers=1, norm="layer", initializer="glorot"),
        objective="wasserstein",
        penalties=Penalties(gradient_penalty=10.0),
        identity=0.0,
        pool_size=0,
        accumulate=2,
        remat=True,
    ),
    "pix2pix": Pix2Pix(
        generator=UNetGenerator(features=2, depth=3),
        discriminator=PixelDiscriminator(features=2, norm="batch"),
    ),
}
CODES = {"encoder": DenseEncoder(hidden=8), "decoder": DenseDecoder(hidden=8)}
ALGORITHMS |= {
    "autoencoder": Autoencoder(
        encoder=DenseEncoder(hidden=8),
        decoder=ConvDecoder(features=2, depth=1, norm="batch"),
        latent_dim=4,
        noise=Noise(kind="salt_and_pepper"),
    ),
    "vae": VAE(**CODES, latent_dim=3, binarize="resampled", free_bits=0.1),
    "iwae": VAE(**CODES, latent_dim=3, binarize="static", k=3),
}
ALGORITHMS |= {
    "unet": Segmentation(net=UNet(features=2, depth=2, dropout=0.1), focal=0.5, ema_decay=0.9),
    "mnet": Segmentation(net=MNet(features=2, depth=2)),
}
ALGORITHMS |= {
    "edsr": SuperResolution(generator=EDSR(features=2, blocks=1), ema_decay=0.9),
    "fsrcnn": SuperResolution(
        generator=FSRCNN(features=2, shrunk=2, blocks=1), loss="l2", residual=True
    ),
    "wdsr": SuperResolution(generator=WDSR(features=2, blocks=1, scale=4), turn=False),
    "srgan": SRGAN(
        generator=SRResNet(features=2, blocks=1, scale=2),
        discriminator=SRGANDiscriminator(features=1, dense=2),
    ),
}

ALGORITHMS |= {
    "anomaly": AnomalyAutoencoder(**CODES, latent_dim=3),
    "ganomaly": GANomaly(
        encoder=DCGANDiscriminator(features=2),
        decoder=DCGANGenerator(features=2),
        discriminator=DCGANDiscriminator(features=2),
        latent_dim=3,
    ),
    "skip_ganomaly": SkipGANomaly(
        generator=UNetGenerator(features=2, dropout=0.0),
        discriminator=DCGANDiscriminator(features=2),
    ),
}


def write_style_weights():
    """A file with VGG's first layer, of random values, that stays as long as the process."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    values = np.random.default_rng(0).normal(0, 0.2, (64, 3, 3, 3)).astype(np.float32)
    path = f"{folder}/vgg.npz"
    np.savez(path, **{"conv1_1/w": values, "conv1_1/b": np.full(64, 0.1, np.float32)})
    return path


STYLE_WEIGHTS = write_style_weights()
ALGORITHMS["fast_style"] = FastStyle(
    # An instance norm of 2x2 pixels would cancel some gradients, and Adam scale up their rounding.
    generator=StyleNet(features=2, blocks=1, norm="layer"),
    weights=STYLE_WEIGHTS,
    style_size=16,
    ema_decay=0.9,
)


def with_frozen(state, algorithm):
    """The state with the weights that no update changes, as a run adds them."""
    return state.replace(frozen={k: f.variables for k, f in algorithm.frozen.items()} or None)


def spec_of(config):
    """What a configuration of these tests is built for."""
    if isinstance(config, AnomalyAutoencoder | GANomaly | SkipGANomaly):
        return NORMALS
    if isinstance(config, Segmentation):
        return MASKS
    if isinstance(config, CycleGAN | Pix2Pix):
        return PAIRS
    return POINTS if isinstance(getattr(config, "generator", None), PointGenerator) else SPEC


RESIDUAL = WGAN(generator=ResidualGenerator(features=2), critic=ResidualCritic(features=2))


def small_data(algorithm, folder):
    """What the algorithm can learn from: digits, photographs, or pairs that lie in ``folder``."""
    source = "points:ring" if spec_of(algorithm) is POINTS else "digits"
    if isinstance(algorithm, CycleGAN):
        source = "photos"
    elif isinstance(algorithm, Segmentation):
        source = "digits_on_photos"
    elif isinstance(algorithm, Pix2Pix):
        source = f"paired:{folder}"
        folder.mkdir(exist_ok=True)
        rng = np.random.default_rng(0)
        for i in range(16):
            pixels = rng.integers(0, 256, (8, 16, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    normal = tuple("123456789") if spec_of(algorithm) is NORMALS else ()
    return Data(source=source, image_size=8, batch_size=8, normal=normal)


def small_run(algorithm, out, **fields):
    """A run of a few steps."""
    run = Run(
        algorithm=algorithm,
        data=small_data(algorithm, Path(out).parent / "pairs"),
        steps=8,
        steps_per_call=1,
        out=str(out),
        checkpoint=Checkpoint(every=4),
        sample=Sample(every=100),
        log=Log(every=3),
    )
    return replace(run, **fields)
