"""CycleGAN in TensorFlow: paddings and steps as in PyTorch's, NHWC, and the pool in a variable.

InstanceNorm normalizes each image separately, so images for the same net share one batch.
"""

from itertools import pairwise
from typing import Any

import tensorflow as tf
from tensorflow import Tensor

from benchmarks.peers.tensorflow_parts import (
    Conv,
    Layer,
    Nets,
    Sequential,
    Step,
    descend,
    leaky,
    small,
    to_float,
)
from benchmarks.workloads import CYCLE, IDENTITY, POOL, Workload

ZEROS: dict[str, Any] = {"padding": [[0, 0], [1, 1], [1, 1], [0, 0]], "initial": small}
"""Padding of a convolution: one row of zeros at every edge."""


def _norm(x: Tensor) -> Tensor:
    """InstanceNorm without affine."""
    mean, variance = tf.nn.moments(x, (1, 2), keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5)


def _reflected(channels: int, features: int, size: int) -> list[Layer]:
    edge = [size // 2] * 2
    return [
        lambda x: tf.pad(x, [[0, 0], edge, edge, [0, 0]], "REFLECT"),
        Conv(channels, features, size, padding="VALID", initial=small),
    ]


class Block(tf.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, features: int):
        """Both convolutions have ``features`` channels."""
        super().__init__()
        first, second = (_reflected(features, features, 3) for _ in range(2))
        self.body = Sequential(*first, _norm, tf.nn.relu, *second, _norm)

    def __call__(self, x: Tensor) -> Tensor:
        """(n, h, w, c) to the same."""
        return x + self.body(x)


def generator(workload: Workload) -> Sequential:
    """The ResNet: 6 blocks below 256 px, else 9."""
    (size, _, c), (g, _) = workload.image_shape, workload.features
    layers = [*_reflected(c, g, 7), _norm, tf.nn.relu]
    for width in (g, 2 * g):
        layers += [Conv(width, 2 * width, 3, 2, **ZEROS), _norm, tf.nn.relu]
    layers += [Block(4 * g) for _ in range(6 if size < 256 else 9)]
    for width in (2 * g, g):
        layers += [Conv(2 * width, width, 3, 2, transpose=True, **ZEROS), _norm, tf.nn.relu]
    return Sequential(*layers, *_reflected(g, c, 7), tf.tanh)


def discriminator(workload: Workload) -> Sequential:
    """The 70x70 PatchGAN."""
    c, (_, d) = workload.image_shape[2], workload.features
    layers: list[Layer] = [Conv(c, d, 4, 2, **ZEROS), leaky(0.2)]
    for (before, after), stride in zip(pairwise((d, 2 * d, 4 * d, 8 * d)), (2, 2, 1), strict=True):
        layers += [Conv(before, after, 4, stride, **ZEROS), _norm, leaky(0.2)]
    return Sequential(*layers, Conv(8 * d, 1, 4, **ZEROS))


class Pair(tf.Module):
    """A net for each domain."""

    def __init__(self, *nets: Sequential):
        """Tracks the variables of both nets."""
        super().__init__()
        self.nets = nets


def cyclegan(workload: Workload) -> Nets:
    """Generators from a to b and from b to a; discriminators of a and of b."""
    generators = Pair(*(generator(workload) for _ in range(2)))
    return generators, Pair(*(discriminator(workload) for _ in range(2)))


class Pool(tf.Module):
    """Fakes of one domain from earlier steps (Shrivastava et al. 2017)."""

    def __init__(self, size: int, image_shape: tuple[int, int, int]):
        """Starts empty, with room for ``size`` images of the given (height, width, channels)."""
        super().__init__()
        self.size = size
        self.images = tf.Variable(tf.zeros((size, *image_shape)), trainable=False)
        self.filled = tf.Variable(0, trainable=False)

    def __call__(self, images: Tensor) -> Tensor:
        """Stores images until the pool is full, then exchanges half of them for older images."""
        return tf.stack([self._exchange(image) for image in tf.unstack(images)])

    def _exchange(self, image: Tensor) -> Tensor:
        filling, (swap, drawn) = self.filled < self.size, self.draw()
        slot = tf.where(filling, self.filled, drawn)
        old = tf.gather(self.images, slot)
        kept = tf.where(filling | swap, image, old)
        self.images.scatter_update(tf.IndexedSlices(kept[None], slot[None]))
        self.filled.assign_add(tf.cast(filling, tf.int32))
        return tf.where(filling | ~swap, image, old)

    def draw(self) -> tuple[Tensor, Tensor]:
        """Whether the new image is exchanged for an older one (probability 1/2), and its slot."""
        slot = tf.random.uniform((), 0, self.size, tf.int32)
        return tf.random.uniform(()) < 0.5, slot


class CycleGan(Step):
    """Updates both generators, then both discriminators on pooled fakes from before the update."""

    def __init__(self, nets: Nets, workload: Workload):
        """Takes the nets, which are trained in place."""
        super().__init__(nets, workload)
        self.pools = [Pool(POOL, workload.image_shape) for _ in range(2)]

    def __call__(self, a: Tensor, b: Tensor) -> Any:
        """One step; returns the losses of the discriminators and of the generators."""
        a, b = to_float(a), to_float(b)
        with tf.GradientTape() as tape:
            loss_g, *fakes = self._g_loss(a, b)
        descend(self.adam_g, tape, loss_g)
        fakes = [pool(fake) for pool, fake in zip(self.pools, fakes, strict=True)]
        with tf.GradientTape() as tape:
            loss_d = self._d_loss((a, b), fakes)
        descend(self.adam_d, tape, loss_d)
        return loss_d, loss_g

    def _g_loss(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, and the fakes of a and of b."""
        (ab, ba), (d_a, d_b) = self.G.nets, self.D.nets
        fake_b, same_b = tf.split(ab(tf.concat((a, b), 0)), 2)
        fake_a, same_a = tf.split(ba(tf.concat((b, a), 0)), 2)
        adversarial = _least_squares(d_b(fake_b), 1.0) + _least_squares(d_a(fake_a), 1.0)
        cycle = _distance(ba(fake_b), a) + _distance(ab(fake_a), b)
        identity = _distance(same_b, b) + _distance(same_a, a)
        return adversarial + CYCLE * cycle + IDENTITY * identity, fake_a, fake_b

    def _d_loss(self, reals: Any, fakes: Any) -> Tensor:
        losses = []
        for net, real, fake in zip(self.D.nets, reals, fakes, strict=True):
            of_real, of_fake = tf.split(net(tf.concat((real, fake), 0)), 2)
            losses.append(_least_squares(of_real, 1.0) + _least_squares(of_fake, 0.0))
        return 0.5 * (losses[0] + losses[1])


def _least_squares(scores: Tensor, target: float) -> Tensor:
    return tf.reduce_mean(tf.square(scores - target))


def _distance(x: Tensor, y: Tensor) -> Tensor:
    return tf.reduce_mean(tf.abs(x - y))
