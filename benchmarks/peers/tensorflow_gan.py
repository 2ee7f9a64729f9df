"""The workloads in TensorFlow: ``tf.nn``, one ``tf.function`` per step, TensorFlow's own Adam.

Paddings are 'SAME' and layouts NHWC, as in jaxgan.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from benchmarks.contenders import Runner
from benchmarks.peers.tensorflow_cyclegan import CycleGan, cyclegan
from benchmarks.peers.tensorflow_parts import (
    BatchNorm,
    Conv,
    Dense,
    Layer,
    Nets,
    Sequential,
    Step,
    descend,
    glorot,
    leaky,
    small,
    to_float,
)
from benchmarks.workloads import PENALTY, Arrays, Workload


def _reshape(*shape: int) -> Layer:
    return lambda x: tf.reshape(x, (-1, *shape))


def _flat(x: Tensor) -> Tensor:
    return tf.reshape(x, (x.shape[0], -1))


def _scores(x: Tensor) -> Tensor:
    return tf.reshape(x, (-1,))


# The DCGANs.


def book_dcgan(workload: Workload) -> Nets:
    """Generator and discriminator of the book."""
    (h, w, c), (g, d) = workload.image_shape, workload.features
    size, last = (h // 4, w // 4), (-(-h // 8), -(-w // 8))
    norm = {"momentum": 0.99, "epsilon": 1e-3}
    generator = Sequential(
        Dense(workload.latent_dim, 4 * g * size[0] * size[1]),
        _reshape(*size, 4 * g),
        Conv(4 * g, 2 * g, 3, 2, bias=False, transpose=True),
        BatchNorm(2 * g, **norm),
        leaky(0.01),
        Conv(2 * g, g, 3, bias=False, transpose=True),
        BatchNorm(g, **norm),
        leaky(0.01),
        Conv(g, c, 3, 2, transpose=True),
        tf.tanh,
    )
    discriminator = Sequential(
        Conv(c, d, 3, 2),
        leaky(0.01),
        Conv(d, 2 * d, 3, 2, bias=False),
        BatchNorm(2 * d, **norm),
        leaky(0.01),
        Conv(2 * d, 4 * d, 3, 2, bias=False),
        BatchNorm(4 * d, **norm),
        leaky(0.01),
        _flat,
        Dense(4 * d * last[0] * last[1], 1),
        _scores,
    )
    return generator, discriminator


def _stages(workload: Workload) -> int:
    return workload.image_shape[0].bit_length() - 3  # from 4 px, doubled up to the image's size


def dcgan(workload: Workload) -> Nets:
    """Generator and discriminator of the paper."""
    c, (g, d), stages = workload.image_shape[2], workload.features, _stages(workload)
    plain: dict[str, Any] = {"bias": False, "initial": small}
    widths = [g << i for i in reversed(range(stages))]
    valid: dict[str, Any] = {"padding": "VALID", **plain}
    up: list[Layer] = [
        _reshape(1, 1, workload.latent_dim),
        Conv(workload.latent_dim, widths[0], 4, transpose=True, **valid),
    ]
    for before, after in zip(widths, [*widths[1:], c], strict=True):
        up += [BatchNorm(before, spread=0.02), tf.nn.relu]
        up += [Conv(before, after, 4, 2, transpose=True, **plain)]
    widths = [d << i for i in range(stages)]
    down: list[Layer] = [Conv(c, d, 4, 2, **plain), leaky(0.2)]
    for before, after in pairwise(widths):
        down += [Conv(before, after, 4, 2, **plain), BatchNorm(after, spread=0.02), leaky(0.2)]
    down += [Conv(widths[-1], 1, 4, **valid), _scores]
    return Sequential(*up, tf.tanh), Sequential(*down)


# The ResNets.


class Block(tf.Module):
    """shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))); the critic's first has no first ReLU."""

    def __init__(
        self, channels: int, features: int, resample: str, norm: bool = False, first: bool = False
    ):
        """``resample`` is ``up``, ``down`` or ``same``."""
        super().__init__()
        inner = channels if resample == "down" and not first else features
        he = glorot(2**0.5)
        self.resample, self.first = resample, first
        self.norm_1 = BatchNorm(channels) if norm else tf.identity
        self.conv_1 = Conv(channels, inner, 3, initial=he)
        self.norm_2 = BatchNorm(inner) if norm else tf.identity
        self.conv_2 = Conv(inner, features, 3, initial=he)
        changes = resample != "same" or channels != features
        self.shortcut = Conv(channels, features, 1) if changes else tf.identity

    def __call__(self, x: Tensor) -> Tensor:
        """(n, h, w, c) to (n, h', w', features)."""
        y = x if self.first else tf.nn.relu(self.norm_1(x))
        y = _double(y) if self.resample == "up" else y
        y = self.conv_2(tf.nn.relu(self.norm_2(self.conv_1(y))))
        if self.resample == "down":
            return _halve(y) + self.shortcut(_halve(x))
        if self.resample == "up":
            return y + _double(self.shortcut(x))
        return y + self.shortcut(x)


def _halve(x: Tensor) -> Tensor:
    return tf.nn.avg_pool2d(x, 2, 2, "VALID")


def _double(x: Tensor) -> Tensor:
    return tf.nn.depth_to_space(tf.concat([x] * 4, -1), 2)


def _mean_pool(x: Tensor) -> Tensor:
    return tf.reduce_mean(x, (1, 2))


def residual(workload: Workload) -> Nets:
    """Generator and critic of WGAN-GP."""
    c, (g, f), stages = workload.image_shape[2], workload.features, _stages(workload)
    generator = Sequential(
        Dense(workload.latent_dim, 16 * g),
        _reshape(4, 4, g),
        *(Block(g, g, "up", norm=True) for _ in range(stages)),
        BatchNorm(g),
        tf.nn.relu,
        Conv(g, c, 3),
        tf.tanh,
    )
    critic = Sequential(
        Block(c, f, "down", first=True),
        *(Block(f, f, "down") for _ in range(stages - 2)),
        *(Block(f, f, "same") for _ in range(2)),
        tf.nn.relu,
        _mean_pool,
        Dense(f, 1),
        _scores,
    )
    return generator, critic


# The steps.


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    targets = tf.fill(logits.shape, target)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))


class Gan(Step):
    """D's update, then G's, by the non-saturating cross-entropy."""

    def __call__(self, image: Tensor) -> Any:
        """One step; returns both losses."""
        return (self._shared if self.workload.share_fakes else self._fresh)(to_float(image))

    def _fresh(self, real: Tensor) -> Any:
        n = real.shape[0]
        loss_d = self._update_d(real, self.G(self.latent(n)))
        with tf.GradientTape() as tape:
            loss_g = _cross_entropy(self.D(self.G(self.latent(n))), 1.0)
        descend(self.adam_g, tape, loss_g)
        return loss_d, loss_g

    def _shared(self, real: Tensor) -> Any:
        with tf.GradientTape() as tape:
            fake = self.G(self.latent(real.shape[0]))
            with tape.stop_recording():
                loss_d = self._update_d(real, fake)
            loss_g = _cross_entropy(self.D(fake), 1.0)
        descend(self.adam_g, tape, loss_g)
        return loss_d, loss_g

    def _update_d(self, real: Tensor, fake: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            loss = _cross_entropy(self.D(real), 1.0) + _cross_entropy(self.D(fake), 0.0)
        descend(self.adam_d, tape, loss)
        return loss


class WganGp(Step):
    """``n_critic`` updates of the critic, then one of the generator."""

    def __call__(self, image: Tensor) -> Any:
        """One step; returns the last loss of each player."""
        for images in tf.unstack(image):
            loss_d = self._update_d(to_float(images))
        with tf.GradientTape() as tape:
            loss_g = -tf.reduce_mean(self.D(self.G(self.latent(image.shape[1]))))
        descend(self.adam_g, tape, loss_g)
        return loss_d, loss_g

    def _update_d(self, real: Tensor) -> Tensor:
        n = real.shape[0]
        fake = self.G(self.latent(n))
        alpha = tf.random.uniform((n, 1, 1, 1))
        with tf.GradientTape() as tape:
            real_scores, fake_scores = tf.split(self.D(tf.concat((real, fake), 0)), 2)
            penalty = gradient_penalty(self.D, alpha * real + (1.0 - alpha) * fake)
            loss = tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores) + PENALTY * penalty
        descend(self.adam_d, tape, loss)
        return loss


def gradient_penalty(critic: Layer, x_hat: Tensor) -> Tensor:
    """E[(||grad critic(x_hat)|| - 1)^2], by the gradient of the summed score."""
    with tf.GradientTape() as tape:
        tape.watch(x_hat)
        score = tf.reduce_sum(critic(x_hat))
    gradient = tape.gradient(score, x_hat)
    norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), (1, 2, 3)) + 1e-12)
    return tf.reduce_mean(tf.square(norm - 1.0))


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


def parameters(nets: Iterable[tf.Module]) -> list[int]:
    """The number of parameters of each net."""
    return [sum(v.shape.num_elements() for v in net.trainable_variables) for net in nets]


def build(workload: Workload, arrays: Arrays, form: str) -> Runner:
    """The contender in the form ``function``, or ``xla`` (``jit_compile``)."""
    tf.random.set_seed(0)
    peer = PEERS[workload.peer]
    step = peer.step(peer.nets(workload), workload)
    compiled = tf.function(step.__call__, autograph=False, jit_compile=form == "xla")
    data = {name: tf.constant(array) for name, array in arrays.items()}
    return Runner(
        lambda: compiled(**data),
        lambda losses: [loss.numpy() for loss in losses],
        f"tensorflow {tf.__version__}",
    )
