"""R3GAN in PyTorch: nets, losses and a step as in the paper (Huang et al. 2024)."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GAIN = math.sqrt(2 / (1 + 0.2**2))


def _conv(
    inputs: int, outputs: int, size: int = 1, groups: int = 1, gain: float = 1.0
) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2, groups=groups, bias=False)
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(inputs // groups * size**2))
    return layer


def _filter(channels: int) -> Tensor:
    taps = torch.tensor([1.0, 2.0, 1.0]) / 4
    return torch.outer(taps, taps).expand(channels, 1, 3, 3)


def up(x: Tensor) -> Tensor:
    """(n, c, h, w) to (n, c, 2h, 2w) by [1, 2, 1]."""
    channels, (height, width) = x.shape[1], x.shape[2:]
    out = F.conv_transpose2d(x, 4 * _filter(channels), stride=2, groups=channels)
    return out[:, :, : 2 * height, : 2 * width]


def down(x: Tensor) -> Tensor:
    """(n, c, 2h, 2w) to (n, c, h, w) by [1, 2, 1]."""
    channels = x.shape[1]
    return F.conv2d(F.pad(x, (1, 0, 1, 0)), _filter(channels), stride=2, groups=channels)


class Block(nn.Module):
    def __init__(self, width: int, group: int, blocks: int):
        super().__init__()
        inner, gain = 2 * width, GAIN * blocks ** (-1 / 4)
        self.conv_0 = _conv(width, inner, gain=gain)
        self.conv_1 = _conv(inner, inner, 3, inner // group, gain)
        self.conv_2 = _conv(inner, width, gain=0.0)
        self.bias_0, self.bias_1 = (nn.Parameter(torch.zeros(inner, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.conv_0(x) + self.bias_0, 0.2)
        y = F.leaky_relu(self.conv_1(y) + self.bias_1, 0.2)
        return x + self.conv_2(y)


class Generator(nn.Module):
    def __init__(
        self, widths: list[int], blocks: int, group: int, latent: int, channels: int, classes: int
    ):
        super().__init__()
        total = blocks * len(widths)
        self.embed = nn.Linear(classes, latent, bias=False)
        self.basis = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.dense = nn.Linear(2 * latent, widths[0], bias=False)
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(width, group, total) for _ in range(blocks)) for width in widths
        )
        self.changes = nn.ModuleList(
            nn.Identity() if a == b else _conv(a, b) for a, b in pairwise(widths)
        )
        self.image = _conv(widths[-1], channels)
        self.classes = classes

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        z = torch.cat([z, self.embed(F.one_hot(labels, self.classes).float())], 1)
        x = self.basis * self.dense(z)[:, :, None, None]
        for i, stage in enumerate(self.stages):
            x = up(self.changes[i - 1](x)) if i else x
            for block in stage:
                x = block(x)
        return self.image(x)


class Discriminator(nn.Module):
    def __init__(self, widths: list[int], blocks: int, group: int, channels: int, classes: int):
        super().__init__()
        total = blocks * len(widths)
        self.image = _conv(channels, widths[0])
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(width, group, total) for _ in range(blocks)) for width in widths
        )
        self.changes = nn.ModuleList(
            nn.Identity() if a == b else _conv(a, b) for a, b in pairwise(widths)
        )
        last = widths[-1]
        self.basis = nn.Conv2d(last, last, 4, groups=last, bias=False)
        self.dense = nn.Linear(last, last, bias=False)
        self.embed = nn.Linear(classes, last, bias=False)
        self.classes = classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        x = self.image(images)
        for i, stage in enumerate(self.stages):
            for block in stage:
                x = block(x)
            x = self.changes[i](down(x)) if i + 1 < len(self.stages) else x
        x = self.dense(self.basis(x).flatten(1))
        return (x * self.embed(F.one_hot(labels, self.classes).float())).sum(1)


def _penalty(scores: Tensor, images: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def discriminator_loss(
    g: nn.Module, d: nn.Module, real: Tensor, z: Tensor, labels: Tensor, gamma: float
) -> Tensor:
    """D's loss: relativistic pairs, R1 and R2."""
    real = real.clone().requires_grad_()
    fake = g(z, labels).detach().requires_grad_()
    real_scores, fake_scores = d(real, labels), d(fake, labels)
    penalties = _penalty(real_scores, real) + _penalty(fake_scores, fake)
    return F.softplus(fake_scores - real_scores).mean() + gamma / 2 * penalties


def generator_loss(g: nn.Module, d: nn.Module, real: Tensor, z: Tensor, labels: Tensor) -> Tensor:
    """G's loss: the relativistic pairs with reals and fakes exchanged."""
    return F.softplus(d(real, labels) - d(g(z, labels), labels)).mean()


def step(
    optimizer: torch.optim.Adam, loss: Tensor, player: nn.Module, lr: float, b2: float
) -> None:
    """One update of a player with this step's learning rate and b2."""
    optimizer.param_groups[0].update(lr=lr, betas=(0.0, b2))
    for parameter, gradient in zip(
        player.parameters(), torch.autograd.grad(loss, list(player.parameters())), strict=True
    ):
        parameter.grad = gradient
    optimizer.step()
