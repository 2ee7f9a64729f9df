"""The workloads in PyTorch: nets and steps as a careful user of PyTorch writes them.

The nets use PyTorch's paddings. Asymmetric paddings are the mirror image of jaxgan's 'SAME', so
such a net with mirrored kernels outputs the mirror image.
"""

import os
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.contenders import Runner
from benchmarks.peers.torch_cyclegan import CycleGan, cyclegan
from benchmarks.peers.torch_parts import Nets, Step, update
from benchmarks.workloads import PENALTY, Arrays, Workload

# The DCGANs.


def _glorot(layer: Any, gain: float = 1.0) -> Any:
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _book_norm(features: int) -> nn.Module:
    return nn.BatchNorm2d(features, eps=1e-3, momentum=0.01)


def book_dcgan(workload: Workload) -> Nets:
    """Generator and discriminator of the book."""
    (h, w, c), (g, d) = workload.image_shape, workload.features
    size, last = (h // 4, w // 4), (-(-h // 8), -(-w // 8))
    up: dict[str, Any] = {"stride": 2, "padding": 1, "output_padding": 1}
    down: dict[str, Any] = {"stride": 2, "padding": 1}
    generator = nn.Sequential(
        _glorot(nn.Linear(workload.latent_dim, 4 * g * size[0] * size[1])),
        nn.Unflatten(1, (4 * g, *size)),
        _glorot(nn.ConvTranspose2d(4 * g, 2 * g, 3, bias=False, **up)),
        _book_norm(2 * g),
        nn.LeakyReLU(0.01, inplace=True),
        _glorot(nn.ConvTranspose2d(2 * g, g, 3, padding=1, bias=False)),
        _book_norm(g),
        nn.LeakyReLU(0.01, inplace=True),
        _glorot(nn.ConvTranspose2d(g, c, 3, **up)),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        _glorot(nn.Conv2d(c, d, 3, **down)),
        nn.LeakyReLU(0.01, inplace=True),
        _glorot(nn.Conv2d(d, 2 * d, 3, bias=False, **down)),
        _book_norm(2 * d),
        nn.LeakyReLU(0.01, inplace=True),
        _glorot(nn.Conv2d(2 * d, 4 * d, 3, bias=False, **down)),
        _book_norm(4 * d),
        nn.LeakyReLU(0.01, inplace=True),
        nn.Flatten(),
        _glorot(nn.Linear(4 * d * last[0] * last[1], 1)),
        nn.Flatten(0),
    )
    return generator, discriminator


def _stages(workload: Workload) -> int:
    return workload.image_shape[0].bit_length() - 3  # from 4 px, doubled up to the image's size


def dcgan(workload: Workload) -> Nets:
    """Generator and discriminator of the paper, as in pytorch/examples."""
    c, (g, d), stages = workload.image_shape[2], workload.features, _stages(workload)
    conv, transpose = partial(nn.Conv2d, bias=False), partial(nn.ConvTranspose2d, bias=False)
    widths = [g << i for i in reversed(range(stages))]
    up = [nn.Unflatten(1, (-1, 1, 1)), transpose(workload.latent_dim, widths[0], 4)]
    for before, after in zip(widths, [*widths[1:], c], strict=True):
        up += [nn.BatchNorm2d(before), nn.ReLU(inplace=True), transpose(before, after, 4, 2, 1)]
    widths = [d << i for i in range(stages)]
    down = [conv(c, d, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for before, after in pairwise(widths):
        down += [conv(before, after, 4, 2, 1), nn.BatchNorm2d(after)]
        down += [nn.LeakyReLU(0.2, inplace=True)]
    down += [conv(widths[-1], 1, 4), nn.Flatten(0)]
    nets = nn.Sequential(*up, nn.Tanh()), nn.Sequential(*down)
    for net in nets:
        net.apply(_as_in_the_paper)
    return nets


def _as_in_the_paper(layer: nn.Module) -> None:
    if isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
    elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)


# The ResNets.


class Block(nn.Module):
    """shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))); the critic's first has no first ReLU."""

    def __init__(
        self, channels: int, features: int, resample: str, norm: bool = False, first: bool = False
    ):
        """``resample`` is ``up``, ``down`` or ``same``."""
        super().__init__()
        inner = channels if resample == "down" and not first else features
        he, identity = partial(_glorot, gain=2**0.5), nn.Identity
        self.resample, self.first = resample, first
        self.norm_1 = nn.BatchNorm2d(channels) if norm else identity()
        self.conv_1 = he(nn.Conv2d(channels, inner, 3, padding=1))
        self.norm_2 = nn.BatchNorm2d(inner) if norm else identity()
        self.conv_2 = he(nn.Conv2d(inner, features, 3, padding=1))
        changes = resample != "same" or channels != features
        self.shortcut = _glorot(nn.Conv2d(channels, features, 1)) if changes else identity()

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, features, h', w')."""
        y = x if self.first else F.relu(self.norm_1(x))
        y = _double(y) if self.resample == "up" else y
        y = self.conv_2(F.relu(self.norm_2(self.conv_1(y)), inplace=True))
        if self.resample == "down":
            return F.avg_pool2d(y, 2) + self.shortcut(F.avg_pool2d(x, 2))
        if self.resample == "up":
            return y + _double(self.shortcut(x))
        return y + self.shortcut(x)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class MeanPool(nn.Module):
    """The mean over all pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c)."""
        return x.mean((2, 3))


def residual(workload: Workload) -> Nets:
    """Generator and critic of WGAN-GP."""
    c, (g, f), stages = workload.image_shape[2], workload.features, _stages(workload)
    generator = nn.Sequential(
        _glorot(nn.Linear(workload.latent_dim, 16 * g)),
        nn.Unflatten(1, (g, 4, 4)),
        *(Block(g, g, "up", norm=True) for _ in range(stages)),
        nn.BatchNorm2d(g),
        nn.ReLU(inplace=True),
        _glorot(nn.Conv2d(g, c, 3, padding=1)),
        nn.Tanh(),
    )
    critic = nn.Sequential(
        Block(c, f, "down", first=True),
        *(Block(f, f, "down") for _ in range(stages - 2)),
        *(Block(f, f, "same") for _ in range(2)),
        nn.ReLU(),
        MeanPool(),
        _glorot(nn.Linear(f, 1)),
        nn.Flatten(0),
    )
    return generator, critic


# The steps.


class Gan(Step):
    """D's update, then G's, by the non-saturating cross-entropy."""

    def __init__(self, *args: Any):
        """As :class:`Step`."""
        super().__init__(*args)
        self.d_loss, self.g_loss = self.compiled(self._d_loss), self.compiled(self._g_loss)
        self.generate = self.compiled(self.G)
        self.score_fakes = self.compiled(self._score_fakes)

    def __call__(self) -> Any:
        """One step; returns both losses."""
        self.begin()
        step = self._shared if self.workload.share_fakes else self._fresh
        return step(self.real(self.data["image"]))

    def _fresh(self, real: Tensor) -> Any:
        with torch.no_grad():
            fake = self.generate(self.latent(len(real)))
        loss_d = update(self.opt_d, self.d_loss(real, fake))
        self.D.requires_grad_(False)
        loss_g = update(self.opt_g, self.g_loss(self.latent(len(real))))
        self.D.requires_grad_(True)
        return loss_d, loss_g

    def _shared(self, real: Tensor) -> Any:
        fake = self.generate(self.latent(len(real)))
        loss_d = update(self.opt_d, self.d_loss(real, fake.detach()))
        self.D.requires_grad_(False)
        loss_g = update(self.opt_g, self.score_fakes(fake))
        self.D.requires_grad_(True)
        return loss_d, loss_g

    def _d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return _cross_entropy(self.D(real), 1.0) + _cross_entropy(self.D(fake), 0.0)

    def _g_loss(self, z: Tensor) -> Tensor:
        return self._score_fakes(self.G(z))

    def _score_fakes(self, fake: Tensor) -> Tensor:
        return _cross_entropy(self.D(fake), 1.0)


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


class WganGp(Step):
    """``n_critic`` updates of the critic, then one of the generator."""

    def __init__(self, *args: Any):
        """As :class:`Step`."""
        super().__init__(*args)
        self.d_loss, self.g_loss = self.compiled(self._d_loss), self.compiled(self._g_loss)
        self.generate = self.compiled(self.G)

    def __call__(self) -> Any:
        """One step; returns the last loss of each player."""
        for images in self.data["image"]:
            self.begin()
            real = self.real(images)
            with torch.no_grad():
                fake = self.generate(self.latent(len(real)))
            alpha = torch.rand(len(real), 1, 1, 1)
            loss_d = update(self.opt_d, self.d_loss(real, fake, alpha))
        self.begin()
        self.D.requires_grad_(False)
        loss_g = update(self.opt_g, self.g_loss(self.latent(len(real))))
        self.D.requires_grad_(True)
        return loss_d, loss_g

    def _d_loss(self, real: Tensor, fake: Tensor, alpha: Tensor) -> Tensor:
        real_scores, fake_scores = self.D(torch.cat((real, fake))).chunk(2)
        x_hat = torch.lerp(fake, real, alpha)
        # torch.compile cannot differentiate autograd.grad; without compile, func.grad is slower.
        gradient = torch.func.grad if self.form in ("compile", "graphs") else _grad
        penalty = gradient_penalty(self.D, x_hat, gradient)
        return fake_scores.mean() - real_scores.mean() + PENALTY * penalty

    def _g_loss(self, z: Tensor) -> Tensor:
        return -self.D(self.G(z)).mean()


def _grad(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def gradient(x: Tensor) -> Tensor:
        x = x.requires_grad_(True)
        return torch.autograd.grad(function(x), x, create_graph=True)[0]

    return gradient


def gradient_penalty(critic: Any, x_hat: Tensor, grad: Any = _grad) -> Tensor:
    """E[(||grad critic(x_hat)|| - 1)^2], by the gradient of the summed score."""
    gradient = grad(lambda x: critic(x).sum())(x_hat)
    norm = (gradient.square().sum((1, 2, 3)) + 1e-12).sqrt()
    return (norm - 1.0).square().mean()


class Peer(NamedTuple):
    """A workload's nets and step."""

    nets: Callable[[Workload], Nets]
    step: Callable[..., Any]


PEERS = {
    "book_dcgan": Peer(book_dcgan, Gan),
    "dcgan": Peer(dcgan, Gan),
    "wgan_gp": Peer(residual, WganGp),
    "cyclegan": Peer(cyclegan, CycleGan),
}
"""Nets and step by ``Workload.peer``."""


def parameters(nets: Iterable[nn.Module]) -> list[int]:
    """The number of parameters of each net."""
    return [sum(p.numel() for p in net.parameters()) for net in nets]


def build(workload: Workload, arrays: Arrays, form: str) -> Runner:
    """The contender in the form ``eager``, ``channels_last`` or ``compile``."""
    torch.set_num_threads(os.cpu_count() or 1)
    torch.set_flush_denormal(True)  # as XLA and TensorFlow do
    torch.manual_seed(0)
    peer = PEERS[workload.peer]
    call = peer.step(peer.nets(workload), workload, arrays, form)
    return Runner(call, lambda losses: losses, f"torch {torch.__version__}")
