"""Stand-ins for NVIDIA's modules: the same attributes and way of pickling, written for the tests.

Their forward passes are the reference: in PyTorch, with the file's own arrays and layouts.
"""

import contextlib
import math
import pickle
import sys
import types

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.peers.torch_stylegan2 import blur, double, halve, lrelu, unit

FILTER = torch.tensor(np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64, dtype=torch.float32)


class Persistent(torch.nn.Module):
    """Pickled as a call of ``torch_utils.persistence._reconstruct_persistent_obj``."""

    source = "raise SystemExit('the source of the file was run')"

    def __init__(self, **attributes):
        super().__init__()
        self._init_args, self._init_kwargs = (), EasyDict(attributes)
        for name, value in attributes.items():
            setattr(self, name, value)

    def __reduce__(self):
        meta = {"type": "class", "version": 6, "module_src": self.source}
        meta |= {"class_name": type(self).__name__, "state": self.__dict__}
        return _reconstruct_persistent_obj, (meta,)

    def parameter(self, name, *shape, scale=1.0):
        setattr(self, name, torch.nn.Parameter(scale * torch.randn(shape)))

    def buffer(self, name, value):
        self.register_buffer(name, value)


class EasyDict(dict):
    """In the place of ``dnnlib.util.EasyDict``."""


def _reconstruct_persistent_obj(meta):
    raise AssertionError("the file's function was called")


@contextlib.contextmanager
def modules():
    """The modules that the pickles name."""
    names = {"torch_utils.persistence": [_reconstruct_persistent_obj], "dnnlib.util": [EasyDict]}
    before = [(x, x.__module__) for found in names.values() for x in found]
    for name, found in names.items():
        package = name.split(".")[0]
        sys.modules[package], sys.modules[name] = types.ModuleType(package), types.ModuleType(name)
        for x in found:
            x.__module__ = name
            setattr(sys.modules[name], x.__name__, x)
    try:
        yield
    finally:
        for x, module in before:
            x.__module__ = module
        for name in (*names, *(name.split(".")[0] for name in names)):
            sys.modules.pop(name, None)


def dumped(saved, protocol=3):
    with modules():
        return pickle.dumps(saved, protocol=protocol)


class Dense(Persistent):
    def __init__(self, inputs, outputs, activation="linear", multiplier=1):
        gain = multiplier / np.sqrt(inputs)
        super().__init__(activation=activation, weight_gain=gain, bias_gain=multiplier)
        self.parameter("weight", outputs, inputs, scale=1 / multiplier)
        self.parameter("bias", outputs, scale=0.3 / multiplier)

    def forward(self, x):
        x = F.linear(x, self.weight * float(self.weight_gain), self.bias * self.bias_gain)
        return lrelu(x) if self.activation == "lrelu" else x


class Conv(Persistent):
    def __init__(self, inputs, outputs, size, activation="lrelu", clamp=None, bias=True):
        super().__init__(activation=activation, conv_clamp=clamp, padding=size // 2)
        self.weight_gain = 1 / np.sqrt(inputs * size**2)
        self.buffer("resample_filter", FILTER)
        self.parameter("weight", outputs, inputs, size, size)
        self.register_parameter("bias", None)
        if bias:
            self.parameter("bias", outputs, scale=0.3)

    def forward(self, x, down=False, gain=1.0):
        weight = self.weight * float(self.weight_gain)
        if down and self.padding:
            x = F.conv2d(blur(x, (2, 2, 2, 2)), weight, self.bias, stride=2)
        else:
            x = F.conv2d(halve(x) if down else x, weight, self.bias, padding=self.padding)
        x = gain * (lrelu(x) if self.activation == "lrelu" else x)
        return clamped(x, self.conv_clamp, gain)


def clamped(x, clamp, gain=1.0):
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


class Mapping(Persistent):
    def __init__(self, z_dim, c_dim, w_dim, layers, beta):
        super().__init__(z_dim=z_dim, c_dim=c_dim, w_dim=w_dim, num_layers=layers, w_avg_beta=beta)
        if c_dim:
            self.embed = Dense(c_dim, w_dim)
        for i in range(layers):
            inputs = w_dim if i else z_dim + (w_dim if c_dim else 0)
            setattr(self, f"fc{i}", Dense(inputs, w_dim, "lrelu", 0.01))
        if beta is not None:
            self.buffer("w_avg", torch.randn(w_dim))

    def forward(self, z, c):
        parts = [] if z is None else [unit(z)]
        parts += [unit(self.embed(c))] if self.c_dim else []
        x = torch.cat(parts, 1)
        for i in range(self.num_layers):
            x = getattr(self, f"fc{i}")(x)
        return x


class StyleConv(Persistent):
    """A modulated convolution, with noise and activation unless it gives an image."""

    def __init__(self, inputs, outputs, w_dim, resolution, size=3, up=1, clamp=None, image=False):
        super().__init__(conv_clamp=clamp)
        self.affine = Dense(w_dim, inputs)
        self.parameter("weight", outputs, inputs, size, size)
        self.parameter("bias", outputs, scale=0.3)
        if not image:
            self.resolution, self.up, self.activation = resolution, up, "lrelu"
            self.use_noise = True
            self.buffer("resample_filter", FILTER)
            self.buffer("noise_const", torch.randn(resolution, resolution))
            self.parameter("noise_strength", scale=0.3)

    def forward(self, x, w, noise):
        styles, image = self.affine(w)[:, None, :, None, None], self.weight.shape[2] == 1
        weight = self.weight[None] * styles
        if image:
            weight = weight / math.sqrt(self.weight.shape[1])
        else:
            weight = weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
        x = torch.cat([self.convolved(x[i : i + 1], weight[i]) for i in range(len(x))])
        bias = self.bias[None, :, None, None]
        if image:
            return clamped(x + bias, self.conv_clamp)
        noise = self.noise_const * self.noise_strength if noise else 0.0
        return clamped(lrelu(x + noise + bias), self.conv_clamp)

    def convolved(self, x, weight):
        if getattr(self, "up", 1) == 1:
            return F.conv2d(x, weight, padding=weight.shape[2] // 2)
        return blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), (1, 1, 1, 1), 4.0)


class SynthesisBlock(Persistent):
    def __init__(self, inputs, outputs, w_dim, resolution, channels, clamp):
        super().__init__(in_channels=inputs, architecture="skip", use_fp16=resolution >= 16)
        self.buffer("resample_filter", FILTER)
        if not inputs:
            self.parameter("const", outputs, resolution, resolution)
        else:
            self.conv0 = StyleConv(inputs, outputs, w_dim, resolution, up=2, clamp=clamp)
        self.conv1 = StyleConv(outputs, outputs, w_dim, resolution, clamp=clamp)
        self.torgb = StyleConv(outputs, channels, w_dim, resolution, 1, clamp=clamp, image=True)

    def forward(self, x, image, w, noise):
        x = self.const[None].repeat(len(w), 1, 1, 1) if x is None else self.conv0(x, w, noise)
        x = self.conv1(x, w, noise)
        rgb = self.torgb(x, w, noise)
        return x, rgb if image is None else double(image) + rgb


class Synthesis(Persistent):
    def __init__(self, w_dim, resolution, channels, widths, clamp):
        super().__init__(w_dim=w_dim, img_resolution=resolution, img_channels=channels)
        self.block_resolutions, inputs = [*widths], 0
        for r, width in widths.items():
            block = SynthesisBlock(inputs, width, w_dim, r, channels, clamp)
            setattr(self, f"b{r}", block)
            inputs = width

    def forward(self, w, noise):
        x = image = None
        for r in self.block_resolutions:
            x, image = getattr(self, f"b{r}")(x, image, w, noise)
        return image


class Generator(Persistent):
    def __init__(self, z_dim, c_dim, w_dim, channels, widths, layers=2, clamp=None):
        size = max(widths)
        super().__init__(z_dim=z_dim, c_dim=c_dim, w_dim=w_dim)
        self.img_resolution, self.img_channels = size, channels
        self.synthesis = Synthesis(w_dim, size, channels, widths, clamp)
        self.mapping = Mapping(z_dim, c_dim, w_dim, layers, 0.995)

    def forward(self, z, c=None, noise=True):
        return self.synthesis(self.mapping(z, c), noise)


class DiscriminatorBlock(Persistent):
    def __init__(self, channels, width, outputs, first, resolution, clamp):
        super().__init__(architecture="resnet", use_fp16=resolution >= 16)
        self.buffer("resample_filter", FILTER)
        if first:
            self.fromrgb = Conv(channels, width, 1, clamp=clamp)
        self.conv0 = Conv(width, width, 3, clamp=clamp)
        self.conv1 = Conv(width, outputs, 3, clamp=clamp)
        self.skip = Conv(width, outputs, 1, "linear", bias=False)

    def forward(self, x):
        x = self.fromrgb(x) if "fromrgb" in self._modules else x
        skip = self.skip(x, down=True, gain=math.sqrt(0.5))
        return skip + self.conv1(self.conv0(x), down=True, gain=math.sqrt(0.5))


class MinibatchStd(Persistent):
    def forward(self, x):
        groups = x.reshape(min(self.group_size, len(x)), -1, *x.shape[1:])
        sigma = torch.sqrt(groups.var(0, unbiased=False) + 1e-8).mean((1, 2, 3))
        sigma = sigma.repeat(groups.shape[0])[:, None, None, None].expand(-1, 1, *x.shape[2:])
        return torch.cat([x, sigma], 1)


class Epilogue(Persistent):
    def __init__(self, width, cmap_dim, clamp):
        super().__init__(in_channels=width, cmap_dim=cmap_dim, architecture="resnet")
        self.mbstd = MinibatchStd(group_size=4, num_channels=1)
        self.conv = Conv(width + 1, width, 3, clamp=clamp)
        self.fc = Dense(width * 16, width, "lrelu")
        self.out = Dense(width, cmap_dim or 1)

    def forward(self, x, cmap):
        x = self.out(self.fc(self.conv(self.mbstd(x)).flatten(1)))
        return x[:, 0] if cmap is None else (x * cmap).sum(1) / math.sqrt(self.cmap_dim)


class Discriminator(Persistent):
    def __init__(self, c_dim, channels, widths, layers=2, clamp=None):
        size = max(widths)
        super().__init__(c_dim=c_dim, img_resolution=size, img_channels=channels)
        self.block_resolutions = sorted([r for r in widths if r > 4], reverse=True)
        for r in self.block_resolutions:
            block = DiscriminatorBlock(channels, widths[r], widths[r // 2], r == size, r, clamp)
            setattr(self, f"b{r}", block)
        if c_dim:
            self.mapping = Mapping(0, c_dim, widths[4], layers, None)
        self.b4 = Epilogue(widths[4], widths[4] if c_dim else 0, clamp)

    def forward(self, x, c=None):
        for r in self.block_resolutions:
            x = getattr(self, f"b{r}")(x)
        return self.b4(x, self.mapping(None, c) if self.c_dim else None)
