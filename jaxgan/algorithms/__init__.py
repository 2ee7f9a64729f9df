"""One file per method: a frozen dataclass of hyperparameters, its losses, and ``build``."""

from jaxgan.algorithms._parts.ada import ADA
from jaxgan.algorithms._parts.content import Content
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.noise import Noise
from jaxgan.algorithms._parts.optimizer import SGD, Adam, RMSprop
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms._parts.targets import Targets
from jaxgan.algorithms.afm import AFM
from jaxgan.algorithms.anomaly import AnomalyAutoencoder
from jaxgan.algorithms.autoencoder import Autoencoder
from jaxgan.algorithms.cgan import CGAN
from jaxgan.algorithms.cyclegan import CycleGAN
from jaxgan.algorithms.fast_style import FastStyle
from jaxgan.algorithms.gan import GAN
from jaxgan.algorithms.ganomaly import GANomaly
from jaxgan.algorithms.pix2pix import Pix2Pix
from jaxgan.algorithms.progan import ProGAN
from jaxgan.algorithms.r3gan import R3GAN
from jaxgan.algorithms.segmentation import Segmentation
from jaxgan.algorithms.sgan import SGAN
from jaxgan.algorithms.skip_ganomaly import SkipGANomaly
from jaxgan.algorithms.srgan import SRGAN
from jaxgan.algorithms.stylegan2 import StyleGAN2
from jaxgan.algorithms.super_resolution import SuperResolution
from jaxgan.algorithms.vae import VAE
from jaxgan.algorithms.wgan import WGAN

__all__ = [
    "ADA",
    "AFM",
    "CGAN",
    "GAN",
    "R3GAN",
    "SGAN",
    "SGD",
    "SRGAN",
    "VAE",
    "WGAN",
    "Adam",
    "AnomalyAutoencoder",
    "Autoencoder",
    "Content",
    "CycleGAN",
    "DiffAugment",
    "FastStyle",
    "GANomaly",
    "Noise",
    "Penalties",
    "Pix2Pix",
    "ProGAN",
    "RMSprop",
    "Segmentation",
    "SkipGANomaly",
    "StyleGAN2",
    "SuperResolution",
    "Targets",
]
