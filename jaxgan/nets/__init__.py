"""Networks: linen modules that use layers, but no losses or optimizers.

Each net has those derived fields that it needs, which the method sets: ``image_shape``
(``point_shape`` for points), ``num_classes`` and ``dtype``. A generator is called with ``(z,
labels, train)`` and returns images or points; one that translates images is called with ``(images,
train)``. Real images are in [-1, 1]. A discriminator or critic is called with ``(images, labels,
train)`` and returns one score per image, point or patch. A segmentation net is called with
``(images, train)`` and returns ``outputs`` logits per pixel. A feature network (Inception,
SqueezeNet, VGG) is called with images alone, in the scale of its weights, and returns maps,
features and logits by name. An encoder maps images to codes; a decoder maps codes to the logits of
images. All results are float32.
"""

from jaxgan.nets.attention import SelfAttention
from jaxgan.nets.autoencoder import ConvDecoder, ConvEncoder, DenseDecoder, DenseEncoder
from jaxgan.nets.biggan import BigGANDiscriminator, BigGANGenerator
from jaxgan.nets.book_cyclegan import BookPatchDiscriminator, BookUNetGenerator
from jaxgan.nets.book_dcgan import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.nets.conditioning import DiscriminatorConditioning, GeneratorConditioning
from jaxgan.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from jaxgan.nets.edsr import EDSR
from jaxgan.nets.fsrcnn import FSRCNN
from jaxgan.nets.inception import Inception
from jaxgan.nets.mlp import MLPDiscriminator, MLPGenerator
from jaxgan.nets.mnet import MNet
from jaxgan.nets.patchgan import PatchGAN, PixelDiscriminator
from jaxgan.nets.points import PointDiscriminator, PointGenerator
from jaxgan.nets.progan import ProGANDiscriminator, ProGANGenerator
from jaxgan.nets.r3gan import R3GANBlock, R3GANDiscriminator, R3GANGenerator
from jaxgan.nets.residual import ResidualBlock, ResidualCritic, ResidualGenerator
from jaxgan.nets.resnet_generator import ResNetGenerator
from jaxgan.nets.rows import RowDecoder, RowEncoder
from jaxgan.nets.squeezenet import SqueezeNet
from jaxgan.nets.srgan import SRGANDiscriminator, SRResNet
from jaxgan.nets.style_net import StyleNet
from jaxgan.nets.stylegan2 import StyleGAN2Generator
from jaxgan.nets.stylegan2_discriminator import StyleGAN2Discriminator
from jaxgan.nets.unet import UNet
from jaxgan.nets.unet_generator import UNetGenerator
from jaxgan.nets.vgg import VGG
from jaxgan.nets.wdsr import WDSR

__all__ = [
    "EDSR",
    "FSRCNN",
    "VGG",
    "WDSR",
    "BigGANDiscriminator",
    "BigGANGenerator",
    "BookDCGANDiscriminator",
    "BookDCGANGenerator",
    "BookPatchDiscriminator",
    "BookUNetGenerator",
    "ConvDecoder",
    "ConvEncoder",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DenseDecoder",
    "DenseEncoder",
    "DiscriminatorConditioning",
    "GeneratorConditioning",
    "Inception",
    "MLPDiscriminator",
    "MLPGenerator",
    "MNet",
    "PatchGAN",
    "PixelDiscriminator",
    "PointDiscriminator",
    "PointGenerator",
    "ProGANDiscriminator",
    "ProGANGenerator",
    "R3GANBlock",
    "R3GANDiscriminator",
    "R3GANGenerator",
    "ResNetGenerator",
    "ResidualBlock",
    "ResidualCritic",
    "ResidualGenerator",
    "RowDecoder",
    "RowEncoder",
    "SRGANDiscriminator",
    "SRResNet",
    "SelfAttention",
    "SqueezeNet",
    "StyleGAN2Discriminator",
    "StyleGAN2Generator",
    "StyleNet",
    "UNet",
    "UNetGenerator",
]
