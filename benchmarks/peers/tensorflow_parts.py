"""Common parts of the TensorFlow peers: layers, optimizers and a step's nets."""

from collections.abc import Callable, Iterable

import tensorflow as tf
from tensorflow import Tensor

from benchmarks.workloads import Workload

Initial = Callable[[tuple[int, ...]], Tensor]
Layer = Callable[[Tensor], Tensor]


# Layers.


def glorot(gain: float = 1.0) -> Initial:
    """U(-a, a), a^2 = 6 gain^2 / (fan_in + fan_out)."""
    return tf.initializers.VarianceScaling(gain**2, "fan_avg", "uniform")


def small(shape: tuple[int, ...]) -> Tensor:
    """N(0, 0.02^2)."""
    return tf.random.normal(shape, 0.0, 0.02)


class Dense(tf.Module):
    """(n, inputs) to (n, features)."""

    def __init__(self, inputs: int, features: int):
        """Initialises with Glorot's distribution."""
        super().__init__()
        self.kernel = tf.Variable(glorot()((inputs, features)))
        self.bias = tf.Variable(tf.zeros(features))

    def __call__(self, x: Tensor) -> Tensor:
        """Applies the layer."""
        return tf.nn.bias_add(x @ self.kernel, self.bias)


class Conv(tf.Module):
    """A convolution, or the transpose of one."""

    def __init__(
        self,
        inputs: int,
        features: int,
        size: int,
        stride: int = 1,
        *,
        padding: str | list[list[int]] = "SAME",
        bias: bool = True,
        initial: Initial | None = None,
        transpose: bool = False,
    ):
        """``initial`` is Glorot's distribution by default."""
        super().__init__()
        self.features, self.stride, self.padding = features, stride, padding
        self.transpose = transpose
        ends = (features, inputs) if transpose else (inputs, features)
        self.kernel = tf.Variable((initial or glorot())((size, size, *ends)))
        self.bias = tf.Variable(tf.zeros(features)) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        """Applies the layer."""
        if self.transpose:
            x = tf.nn.conv2d_transpose(x, self.kernel, self._shape(x), self.stride, self.padding)
        else:
            x = tf.nn.conv2d(x, self.kernel, self.stride, self.padding)
        return x if self.bias is None else tf.nn.bias_add(x, self.bias)

    def _shape(self, x: Tensor) -> list[int]:
        n, h, w, _ = x.shape
        more = self.kernel.shape[0] - self.stride if self.padding == "VALID" else 0
        return [n, h * self.stride + more, w * self.stride + more, self.features]


class BatchNorm(tf.Module):
    """Batch normalization in training mode, with running averages."""

    def __init__(
        self, features: int, momentum: float = 0.9, epsilon: float = 1e-5, spread: float = 0.0
    ):
        """Initialises gains with N(1, spread)."""
        super().__init__()
        self.rate, self.epsilon = 1.0 - momentum, epsilon
        self.gamma = tf.Variable(tf.random.normal((features,), 1.0, spread))
        self.beta = tf.Variable(tf.zeros(features))
        self.mean = tf.Variable(tf.zeros(features), trainable=False)
        self.variance = tf.Variable(tf.ones(features), trainable=False)

    def __call__(self, x: Tensor) -> Tensor:
        """Applies the layer."""
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x,
            self.gamma,
            self.beta,
            self.mean,
            self.variance,
            self.epsilon,
            is_training=True,
            exponential_avg_factor=self.rate,
        )
        self.mean.assign(mean)
        self.variance.assign(variance)
        return y


class Sequential(tf.Module):
    """A sequence of layers and functions."""

    def __init__(self, *layers: Layer):
        """Tracks the variables of the layers."""
        super().__init__()
        self.layers = layers

    def __call__(self, x: Tensor) -> Tensor:
        """Applies all of them in order."""
        for layer in self.layers:
            x = layer(x)
        return x


def leaky(slope: float) -> Layer:
    """A leaky ReLU with the given slope."""
    return lambda x: tf.nn.leaky_relu(x, slope)


Nets = tuple[tf.Module, tf.Module]
"""The generators and the discriminators (or critic) of a step."""


# The steps.


class Adam(tf.Module):
    """Adam with TensorFlow's fused kernel."""

    def __init__(self, net: tf.Module, workload: Workload):
        """Creates moments for all trainable variables of the net."""
        super().__init__()
        self.rate, self.betas = workload.learning_rate, workload.betas
        self.params = net.trainable_variables
        self.m, self.v = (
            [tf.Variable(tf.zeros_like(p), trainable=False) for p in self.params] for _ in range(2)
        )
        self.powers = [tf.Variable(beta, trainable=False) for beta in workload.betas]

    def apply(self, gradients: Iterable[Tensor]) -> None:
        """Applies one update."""
        (b1, b2), (power_1, power_2) = self.betas, self.powers
        for p, m, v, g in zip(self.params, self.m, self.v, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=power_1,
                beta2_power=power_2,
                lr=self.rate,
                beta1=b1,
                beta2=b2,
                epsilon=1e-8,
                grad=g,
            )
        power_1.assign(power_1 * b1)
        power_2.assign(power_2 * b2)


class Step:
    """Common parts of the methods: nets and optimizers."""

    def __init__(self, nets: Nets, workload: Workload):
        """Takes the nets, which are trained in place."""
        self.workload = workload
        self.G, self.D = nets
        self.adam_g, self.adam_d = (Adam(net, workload) for net in nets)

    def latent(self, n: int) -> Tensor:
        """Draws ``n`` latent codes."""
        return tf.random.normal((n, self.workload.latent_dim))


def to_float(images: Tensor) -> Tensor:
    """Converts bytes to floats in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def descend(adam: Adam, tape: tf.GradientTape, loss: Tensor) -> None:
    """One update along the negative gradient of the loss."""
    adam.apply(tape.gradient(loss, adam.params))
