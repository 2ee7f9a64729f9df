"""The hyperparameters that every method shares, and the optimizer that they describe."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import optax

from jaxgan.algorithms._parts.networks import ComputeDtype
from jaxgan.errors import InputError

Decay = Literal["constant", "linear", "cosine", "constant_linear"]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Optimizer, averaging and precision."""

    images: ClassVar[tuple[str, ...]] = ("image",)
    """Names of the images in a batch that the method learns from."""
    learning_rate: float = 2e-4
    """The generator's, and every player's that has none of its own."""
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    """The rule."""
    b1: float = 0.5
    """Adam's decay of the gradient's mean."""
    b2: float = 0.999
    """Adam's decay of the squared gradient's mean."""
    decay: Decay = "constant"
    """The learning rate over the run: as it is, or to 0 along a line, half a cosine, or a line that
    begins in the middle."""
    clip_norm: float = 0.0
    """Largest global norm of a player's gradient; 0 clips nothing."""
    ema_decay: float = 0.999
    """Of the generator's averaged weights, per step, less in the first ones; 0 keeps none."""
    compute_dtype: ComputeDtype = "float32"
    """Of activations; parameters, optimizer, statistics and losses stay float32."""

    def transform(self, learning_rate: float, steps: int) -> optax.GradientTransformation:
        """The optimizer, with its learning rate over ``steps`` updates."""
        _check(self, learning_rate)
        rate = schedule(learning_rate, self.decay, steps)
        rule = {
            "adam": lambda: optax.adam(rate, b1=self.b1, b2=self.b2),
            "rmsprop": lambda: optax.rmsprop(rate, decay=0.99, eps=1e-8),
            "sgd": lambda: optax.sgd(rate),
        }[self.optimizer]()
        if self.clip_norm:
            return optax.chain(optax.clip_by_global_norm(self.clip_norm), rule)
        return rule


def schedule(learning_rate: float, decay: Decay, steps: int) -> optax.Schedule:
    """``learning_rate`` at update 0; constant, or 0 at update ``steps``."""
    if decay == "linear":
        return optax.linear_schedule(learning_rate, 0.0, steps)
    if decay == "cosine":
        return optax.cosine_decay_schedule(learning_rate, steps)
    if decay == "constant_linear":
        half = steps // 2
        return optax.linear_schedule(learning_rate, 0.0, steps - half, half)
    return optax.constant_schedule(learning_rate)


def _check(training: Training, learning_rate: float) -> None:
    if learning_rate <= 0:
        raise InputError(f"algorithm.learning_rate: {learning_rate} is not above 0")
    for name in ("b1", "b2", "ema_decay"):
        value = getattr(training, name)
        if not 0 <= value < 1:
            raise InputError(f"algorithm.{name}: {value} is not in [0, 1)")
    if training.clip_norm < 0:
        raise InputError(f"algorithm.clip_norm: {training.clip_norm} is below 0; 0 clips nothing")
