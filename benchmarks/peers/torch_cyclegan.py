"""CycleGAN in PyTorch: the nets and the step of pytorch-CycleGAN-and-pix2pix, and its pool.

InstanceNorm normalizes each image separately, so images for the same net share one batch.
"""

import random
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peers.torch_parts import Nets, Step, update
from benchmarks.workloads import CYCLE, IDENTITY, POOL, Workload


def _norm(features: int) -> nn.Module:
    """InstanceNorm without affine; on a CPU GroupNorm, which supports channels-last directly."""
    if torch.get_default_device().type == "cuda":
        return nn.InstanceNorm2d(features)
    return nn.GroupNorm(features, features, affine=False)


def _reflected(channels: int, features: int, size: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(size // 2), nn.Conv2d(channels, features, size)]


class Block(nn.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, features: int):
        """Both convolutions have ``features`` channels."""
        super().__init__()
        first, second = (_reflected(features, features, 3) for _ in range(2))
        self.layers = nn.Sequential(
            *first, _norm(features), nn.ReLU(inplace=True), *second, _norm(features)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        return x + self.layers(x)


def generator(workload: Workload) -> nn.Sequential:
    """The ResNet: 6 blocks below 256 px, else 9."""
    (size, _, c), (g, _) = workload.image_shape, workload.features
    layers = [*_reflected(c, g, 7), _norm(g), nn.ReLU(inplace=True)]
    for width in (g, 2 * g):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), _norm(2 * width), nn.ReLU(inplace=True)]
    layers += [Block(4 * g) for _ in range(6 if size < 256 else 9)]
    for width in (2 * g, g):
        up = nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1)
        layers += [up, _norm(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *_reflected(g, c, 7), nn.Tanh())


def discriminator(workload: Workload) -> nn.Sequential:
    """The 70x70 PatchGAN."""
    c, (_, d) = workload.image_shape[2], workload.features
    layers = [nn.Conv2d(c, d, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for (before, after), stride in zip(pairwise((d, 2 * d, 4 * d, 8 * d)), (2, 2, 1), strict=True):
        layers += [nn.Conv2d(before, after, 4, stride, 1), _norm(after)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * d, 1, 4, 1, 1))


def cyclegan(workload: Workload) -> Nets:
    """Generators from a to b and from b to a; discriminators of a and of b."""
    generators = nn.ModuleList(generator(workload) for _ in range(2))
    discriminators = nn.ModuleList(discriminator(workload) for _ in range(2))
    for net in (generators, discriminators):
        net.apply(_small)
    return generators, discriminators


def _small(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        assert layer.bias is not None
        nn.init.normal_(layer.weight, 0.0, 0.02)
        nn.init.zeros_(layer.bias)


class Pool:
    """Fakes of one domain from earlier steps (Shrivastava et al. 2017)."""

    def __init__(self, size: int, image_shape: tuple[int, int, int]):
        """Starts empty, with room for ``size`` images of the given (height, width, channels)."""
        h, w, c = image_shape
        self.images, self.filled = torch.zeros(size, c, h, w), 0

    def __call__(self, images: Tensor) -> Tensor:
        """Stores images until the pool is full, then exchanges half of them for older images."""
        result = images.clone()
        for i, image in enumerate(images):
            if self.filled < len(self.images):
                self.images[self.filled] = image
                self.filled += 1
            elif (slot := self.draw()) is not None:
                result[i] = self.images[slot]
                self.images[slot] = image
        return result

    def draw(self) -> int | None:
        """The slot whose image is exchanged for the new one, with probability 1/2; else None."""
        return random.randrange(len(self.images)) if random.random() < 0.5 else None


class CycleGan(Step):
    """Updates both generators, then both discriminators on pooled fakes from before the update."""

    def __init__(self, *args: Any):
        """As :class:`Step`."""
        super().__init__(*args)
        self.d_loss, self.g_loss = self.compiled(self._d_loss), self.compiled(self._g_loss)
        self.pools = [Pool(POOL, self.workload.image_shape) for _ in range(2)]

    def __call__(self) -> Any:
        """One step; returns the losses of the discriminators and of the generators."""
        self.begin()
        a, b = self.real(self.data["a"]), self.real(self.data["b"])
        self.D.requires_grad_(False)
        loss, *fakes = self.g_loss(a, b)
        loss_g = update(self.opt_g, loss)
        self.D.requires_grad_(True)
        fakes = [pool(fake) for pool, fake in zip(self.pools, fakes, strict=True)]
        return update(self.opt_d, self.d_loss((a, b), fakes)), loss_g

    def _g_loss(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, and the fakes of a and of b."""
        (ab, ba), (d_a, d_b) = self.G, self.D
        fake_b, same_b = ab(torch.cat((a, b))).chunk(2)
        fake_a, same_a = ba(torch.cat((b, a))).chunk(2)
        adversarial = _least_squares(d_b(fake_b), 1.0) + _least_squares(d_a(fake_a), 1.0)
        cycle = F.l1_loss(ba(fake_b), a) + F.l1_loss(ab(fake_a), b)
        identity = F.l1_loss(same_b, b) + F.l1_loss(same_a, a)
        loss = adversarial + CYCLE * cycle + IDENTITY * identity
        return loss, fake_a.detach(), fake_b.detach()

    def _d_loss(self, reals: Any, fakes: Any) -> Tensor:
        losses = []
        for net, real, fake in zip(self.D, reals, fakes, strict=True):
            of_real, of_fake = net(torch.cat((real, fake))).chunk(2)
            losses.append(_least_squares(of_real, 1.0) + _least_squares(of_fake, 0.0))
        return 0.5 * (losses[0] + losses[1])


def _least_squares(scores: Tensor, target: float) -> Tensor:
    return F.mse_loss(scores, torch.full_like(scores, target))
