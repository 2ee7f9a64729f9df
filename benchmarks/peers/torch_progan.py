"""ProGAN written for PyTorch from the paper: the reference of the tests.

A module has the name of jaxgan's layer, so that :func:`load` finds its weights.
"""

import math

import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-8
HE = math.sqrt(2)


class Scaled(nn.Module):
    """A dense or k x k convolutional layer with weights from N(0, 1), times He's constant."""

    def __init__(self, before, after, k=0, gain=HE, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, *(k, k) if k else ()))
        self.bias = nn.Parameter(torch.zeros(after)) if bias else None
        self.k, self.scale = k, gain / math.sqrt(before * max(k, 1) ** 2)

    def forward(self, x):
        weight = self.scale * self.weight
        if self.k:
            return F.conv2d(x, weight, self.bias, padding=self.k // 2)
        return F.linear(x, weight, self.bias)


def pixel_norm(x):
    return x / torch.sqrt(x.square().mean(1, keepdim=True) + EPSILON)


def double(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def halve(x):
    return F.avg_pool2d(x, 2)


def lerp(lower, new, alpha):
    return (1 - alpha) * lower + alpha * new


def widths(features, base):
    """Channels of the layers of 2, 4, 8, ... px."""
    return {r: min(2 * base // r, features) for r in (2**k for k in range(1, 11))}


def convs(*pairs):
    """``conv_1`` and ``conv_2``, each with the name of its inner layer."""
    named = {f"conv_{i}": nn.ModuleDict({"conv": Scaled(*p, 3)}) for i, p in enumerate(pairs, 1)}
    return nn.ModuleDict(named)


class Generator(nn.Module):
    def __init__(self, size, features, base, channels, latent):
        super().__init__()
        w, self.size = widths(features, base), size
        self.block_4 = convs((w[4], w[4]))
        self.block_4["dense"] = Scaled(latent, 16 * w[4], gain=HE / 4, bias=False)
        self.bias = nn.Parameter(torch.zeros(w[4]))
        for r in self.rising():
            self.add_module(f"block_{r}", convs((w[r // 2], w[r]), (w[r], w[r])))
        for r in (size // 2, size):
            self.add_module(f"to_rgb_{r}", Scaled(w[r], channels, 1, gain=1.0))

    def rising(self):
        return [2**k for k in range(3, self.size.bit_length())]

    def forward(self, z, alpha):
        x = self.block_4["dense"](pixel_norm(z)).view(len(z), 4, 4, -1).permute(0, 3, 1, 2)
        x = pixel_norm(F.leaky_relu(x + self.bias.view(1, -1, 1, 1), 0.2))
        x = self.convolved(self.block_4["conv_1"], x)
        for r in self.rising():
            block, lower = getattr(self, f"block_{r}"), x
            x = self.convolved(block["conv_2"], self.convolved(block["conv_1"], double(x)))
        rgb, below = getattr(self, f"to_rgb_{self.size}"), getattr(self, f"to_rgb_{self.size // 2}")
        return lerp(double(below(lower)), rgb(x), alpha)

    def convolved(self, layer, x):
        return pixel_norm(F.leaky_relu(layer["conv"](x), 0.2))


class Discriminator(nn.Module):
    def __init__(self, size, features, base, channels, group=4):
        super().__init__()
        w, self.size, self.group = widths(features, base), size, group
        for r in (size // 2, size):
            self.add_module(f"from_rgb_{r}", Scaled(channels, w[r], 1))
        for r in self.falling():
            self.add_module(f"block_{r}", convs((w[r], w[r]), (w[r], w[r // 2])))
        self.block_4 = convs((w[4] + 1, w[4]))
        self.block_4["dense_1"] = Scaled(16 * w[4], w[2])
        self.block_4["dense_2"] = Scaled(w[2], 1, gain=1.0)

    def falling(self):
        return [2**k for k in reversed(range(3, self.size.bit_length()))]

    def forward(self, images, alpha):
        x = self.activated(f"from_rgb_{self.size}", images)
        for r in self.falling():
            block = getattr(self, f"block_{r}")
            for name in ("conv_1", "conv_2"):
                x = F.leaky_relu(block[name]["conv"](x), 0.2)
            x = halve(x)
            if r == self.size:
                x = lerp(self.activated(f"from_rgb_{r // 2}", halve(images)), x, alpha)
        x = torch.cat([x, self.deviation(x)], 1)
        x = F.leaky_relu(self.block_4["conv_1"]["conv"](x), 0.2)
        x = F.leaky_relu(self.block_4["dense_1"](x.permute(0, 2, 3, 1).flatten(1)), 0.2)
        return self.block_4["dense_2"](x)[:, 0]

    def activated(self, name, images):
        return F.leaky_relu(getattr(self, name)(images), 0.2)

    def deviation(self, x):
        n, _, h, w = x.shape
        groups = n // self.group
        channel = torch.empty(n, 1, h, w)
        for first in range(groups):
            members = x[first::groups]
            sigma = torch.sqrt(members.var(0, unbiased=False) + EPSILON)
            channel[first::groups] = sigma.mean()
        return channel


def discriminator_loss(g, d, real, z, mix, alpha):
    """WGAN-GP with lambda 10 and a drift of 0.001; x_hat = mix x + (1 - mix) G(z)."""
    fake = g(z, alpha).detach()
    on_real, on_fake = d(real, alpha), d(fake, alpha)
    x_hat = torch.lerp(fake, real, mix).requires_grad_()
    (gradient,) = torch.autograd.grad(d(x_hat, alpha).sum(), x_hat, create_graph=True)
    penalty = (gradient.square().sum((1, 2, 3)).sqrt() - 1).square().mean()
    return on_fake.mean() - on_real.mean() + 10 * penalty + 0.001 * on_real.square().mean()


class Game:
    """Both nets and their optimizers; a call is one step, D first."""

    def __init__(self, g, d, optimizer):
        self.g, self.d = g, d
        self.rules = {net: optimizer(net.parameters()) for net in (g, d)}

    def __call__(self, real, z_d, mix, z_g, alpha):
        """One step; returns (loss, gradient norm) by player."""
        real = lerp(double(halve(real)), real, alpha)
        loss = discriminator_loss(self.g, self.d, real, z_d, mix, alpha)
        of_d = self._update(self.d, loss)
        return {
            "discriminator": of_d,
            "generator": self._update(self.g, -self.d(self.g(z_g, alpha), alpha).mean()),
        }

    def _update(self, net, loss):
        self.rules[net].zero_grad()
        loss.backward()
        norm = sum(p.grad.square().sum() for p in net.parameters()).sqrt()
        self.rules[net].step()
        return loss.item(), norm.item()


def load(module, params):
    """Copies jaxgan's weights into a net with the same names."""
    for name, parameter in module.named_parameters():
        with torch.no_grad():
            parameter.copy_(torch.tensor(_of_torch(_named(params, name))))
    return module


def _named(params, name):
    *path, leaf = ("block_4.bias" if name == "bias" else name).split(".")
    for part in path:
        params = params[part]
    return params["kernel" if leaf == "weight" else leaf]


def _of_torch(array):
    """(h, w, in, out) or (in, out) to PyTorch's order of the axes."""
    array = np.asarray(jax.device_get(array))
    return array.transpose((3, 2, 0, 1) if array.ndim == 4 else None).copy()


def arrays(module, params):
    """Pairs of arrays in PyTorch's order: those of ``module`` and those of jaxgan's tree."""
    for name, parameter in module.named_parameters():
        yield name, parameter.detach().numpy(), _of_torch(_named(params, name))


def to_torch(images):
    """NHWC to NCHW."""
    return torch.tensor(np.asarray(images).transpose(0, 3, 1, 2).copy())
