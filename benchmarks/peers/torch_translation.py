"""CycleGAN and pix2pix written for PyTorch from the papers: the reference of the tests.

Modules are created in the order in which they are applied. :func:`load` copies jaxgan's weights in
this order and checks every shape.
"""

import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional

PADS = {"zero": nn.ZeroPad2d, "reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d}


class ResidualBlock(nn.Module):
    def __init__(self, width, padding):
        super().__init__()
        self.body = nn.Sequential(
            PADS[padding](1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
            PADS[padding](1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x):
        return x + self.body(x)


def resnet_generator(blocks, width=64, channels=3, padding="reflect"):
    def normed(layer):
        return [layer, nn.InstanceNorm2d(layer.out_channels), nn.ReLU()]

    layers = [PADS[padding](3), *normed(nn.Conv2d(channels, width, 7))]
    for k in (1, 2):
        layers += normed(nn.Conv2d(width * k, width * 2 * k, 3, 2, 1))
    layers += [ResidualBlock(4 * width, padding) for _ in range(blocks)]
    for k in (2, 1):
        layers += normed(nn.ConvTranspose2d(width * 2 * k, width * k, 3, 2, 1, 1))
    layers += [PADS[padding](3), nn.Conv2d(width, channels, 7), nn.Tanh()]
    return nn.Sequential(*layers)


def patchgan(layers=3, width=64, channels=3, norm=nn.InstanceNorm2d):
    modules, last = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)], width
    for stage in range(1, layers + 1):
        new, stride = width * min(2**stage, 8), 2 if stage < layers else 1
        conv = nn.Conv2d(last, new, 4, stride, 1, bias=norm is nn.InstanceNorm2d)
        modules += [conv, norm(new), nn.LeakyReLU(0.2)]
        last = new
    return nn.Sequential(*modules, nn.Conv2d(last, 1, 4, 1, 1))


class UNet(nn.Module):
    """The U-Net of pix2pix, without dropout."""

    def __init__(self, depth=8, width=64, channels=3):
        super().__init__()
        widths = [width * min(2**stage, 8) for stage in range(depth)]
        self.down, self.down_norms = nn.ModuleList(), nn.ModuleList()
        for stage, (before, after) in enumerate(zip([channels, *widths], widths, strict=False)):
            self.down.append(nn.Conv2d(before, after, 4, 2, 1, bias=False))
            plain = stage in (0, depth - 1)
            self.down_norms.append(nn.Identity() if plain else nn.BatchNorm2d(after))
        self.up, self.up_norms = nn.ModuleList(), nn.ModuleList()
        for stage in reversed(range(depth - 1)):
            before = widths[stage + 1] * (1 if stage == depth - 2 else 2)
            self.up.append(nn.ConvTranspose2d(before, widths[stage], 4, 2, 1, bias=False))
            self.up_norms.append(nn.BatchNorm2d(widths[stage]))
        self.up.append(nn.ConvTranspose2d(2 * width, channels, 4, 2, 1))

    def forward(self, x):
        skips = []
        for conv, norm in zip(self.down, self.down_norms, strict=True):
            x = norm(conv(functional.leaky_relu(x, 0.2) if skips else x))
            skips.append(x)
        x = skips.pop()
        for conv, norm in zip(self.up[:-1], self.up_norms, strict=True):
            x = torch.cat([skips.pop(), norm(conv(functional.relu(x)))], 1)
        return torch.tanh(self.up[-1](functional.relu(x)))


class BookUNet(nn.Module):
    """The book's U-Net, normalized per channel."""

    def __init__(self, depth=4, width=32, channels=3):
        super().__init__()
        widths = [width * min(2**stage, 8) for stage in range(depth)]
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1)
            for before, after in zip([channels, *widths], widths, strict=False)
        )
        self.up, before = nn.ModuleList(), widths[-1]
        for after in reversed(widths[:-1]):
            self.up.append(nn.Conv2d(before, after, 4))
            before = 2 * after
        self.last = nn.Conv2d(before, channels, 4)

    def forward(self, x):
        skips = []
        for conv in self.down:
            x = functional.instance_norm(functional.leaky_relu(conv(x), 0.2))
            skips.append(x)
        skips.pop()
        for conv in self.up:
            x = functional.instance_norm(functional.relu(conv(self.upsampled(x))))
            x = torch.cat([x, skips.pop()], 1)
        return torch.tanh(self.last(self.upsampled(x)))

    @staticmethod
    def upsampled(x):
        """Doubles the size, with Keras's 'same' padding for a kernel of size 4."""
        return functional.pad(functional.interpolate(x, scale_factor=2), (1, 2, 1, 2))


def _layers(params):
    """Jaxgan's convolutions and norms in the order of their numbers: dicts of arrays."""

    def number(name):
        return int(name.rsplit("_", 1)[1])

    for name in sorted(params, key=number):
        inner = params[name]
        yield from (inner[kind] for kind in sorted(inner, key=lambda k: "Conv" not in k))


def _convs(module):
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    return [m for m in module.modules() if isinstance(m, kinds)]


def load(module, params):
    """Copies the weights of a jaxgan net with layers ``Layer_i/Conv_0`` into a torch module."""
    arrays = list(_layers(jax.device_get(params)))
    convs = [layer for layer in arrays if "kernel" in layer]
    norms = [layer["BatchNorm_0"] for layer in arrays if "BatchNorm_0" in layer]
    bns = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    for target, source in zip(_convs(module), convs, strict=True):
        _copy(target.weight, _kernel(target, source["kernel"]))
        if target.bias is not None:
            _copy(target.bias, source["bias"])
    for target, source in zip(bns, norms, strict=True):
        _copy(target.weight, source["scale"])
        _copy(target.bias, source["bias"])
    return module


def gradients(module):
    """The kernels' gradients in jaxgan's layout, in order of the layers."""
    out = []
    for conv in _convs(module):
        grad = conv.weight.grad.numpy()
        transposed = isinstance(conv, nn.ConvTranspose2d)
        out.append(
            grad.transpose(2, 3, 0, 1)[::-1, ::-1] if transposed else grad.transpose(2, 3, 1, 0)
        )
    return out


def kernels(params):
    """Jaxgan's kernels (or their gradients) in order of the layers."""
    return [layer["kernel"] for layer in _layers(jax.device_get(params)) if "kernel" in layer]


def _kernel(target, kernel):
    if isinstance(target, nn.ConvTranspose2d):  # (in, out, h, w); PyTorch flips it, we do not
        return kernel[::-1, ::-1].transpose(2, 3, 0, 1)
    return kernel.transpose(3, 2, 0, 1)


def _copy(parameter, array):
    assert tuple(parameter.shape) == array.shape
    with torch.no_grad():
        parameter.copy_(torch.tensor(np.asarray(array).copy()))


def to_torch(images):
    """NHWC to NCHW."""
    return torch.tensor(np.asarray(images).transpose(0, 3, 1, 2).copy())
