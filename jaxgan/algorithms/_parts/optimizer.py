"""Optimizers as hyperparameters of a config; each player has its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import optax

from jaxgan.errors import InputError

ScheduleName = Literal["constant", "linear", "cosine", "constant_linear"]

Over: TypeAlias = Callable[[float, float], optax.Schedule]
"""``(value at the first update, value at the end) -> schedule``."""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """Fields that all optimizers share."""

    lr: float = 2e-4
    """Learning rate at the first update."""
    schedule: ScheduleName = "constant"
    """Learning rate over the run: constant; linear or cosine to ``lr_end``; or constant for the
    first half, then linear to it."""
    lr_end: float = 0.0
    """Learning rate at the end of the schedule."""
    clip_norm: float = 0.0
    """Largest global norm of the player's gradient; 0: no clipping."""

    def transform(self, steps: int, field: str) -> optax.GradientTransformation:
        """The optax transformation, with its learning-rate schedule over ``steps`` updates.

        Args:
          steps: the schedule's horizon.
          field: the config's name for this optimizer, for messages.

        Raises:
          InputError: for a field out of range.
        """
        self._check(f"algorithm.{field}")
        rule = self._rule(lambda start, end: schedule(start, self.schedule, steps, end))
        if self.clip_norm:
            return optax.chain(optax.clip_by_global_norm(self.clip_norm), rule)
        return rule

    def _rule(self, over: Over) -> optax.GradientTransformation:
        raise NotImplementedError

    def _check(self, field: str) -> None:
        if not self.lr > 0:
            raise InputError(f"{field}.lr: {self.lr} is not above 0")
        if not self.lr_end >= 0:
            raise InputError(f"{field}.lr_end: {self.lr_end} is below 0")
        if not self.clip_norm >= 0:
            raise InputError(f"{field}.clip_norm: {self.clip_norm} is below 0; 0 clips nothing")
        for name in ("b1", "b2", "b2_end", "decay"):
            value = getattr(self, name, None)
            if value is not None and not 0 <= value < 1:
                raise InputError(f"{field}.{name}: {value} is not in [0, 1)")


@dataclass(frozen=True, kw_only=True)
class Adam(_Rule):
    """Adam (Kingma and Ba 2015): p <- p - lr m / (sqrt(v) + eps), with bias correction."""

    b1: float = 0.5
    """Decay of the gradient's mean m."""
    b2: float = 0.999
    """Decay of the squared gradient's mean v."""
    b2_end: float | None = None
    """Value of b2 at the end of the schedule; None: b2 is constant. The bias correction at update
    t is 1 - b2^t with the current b2."""
    eps: float = 1e-8
    """Constant added to sqrt(v)."""

    def lazily(self, every: int) -> "Adam":
        """Adam corrected for a lazy regularizer, which adds an update at every k-th step.

        With k = ``every`` and c = k / (k + 1), it uses lr c, b1^c and b2^c (Karras et al. 2020,
        StyleGAN2, appendix B).
        """
        c = every / (every + 1)
        b2_end = None if self.b2_end is None else self.b2_end**c
        rates = {"lr": self.lr * c, "lr_end": self.lr_end * c}
        return replace(self, **rates, b1=self.b1**c, b2=self.b2**c, b2_end=b2_end)

    def _rule(self, over: Over) -> optax.GradientTransformation:
        rate = over(self.lr, self.lr_end)
        if self.b2_end is None:
            return optax.adam(rate, b1=self.b1, b2=self.b2, eps=self.eps)
        moments = optax.inject_hyperparams(optax.scale_by_adam)
        b2 = over(self.b2, self.b2_end)
        return optax.chain(
            moments(b1=self.b1, b2=b2, eps=self.eps), optax.scale_by_learning_rate(rate)
        )

    def _check(self, field: str) -> None:
        super()._check(field)
        if self.b2_end is not None and self.schedule == "constant":
            raise InputError(
                f"{field}.b2_end: {self.b2_end} is the end of a schedule, and there is none; set"
                f" {field}.schedule, such as cosine, or leave it out"
            )


@dataclass(frozen=True, kw_only=True)
class RMSprop(_Rule):
    """RMSprop (Hinton 2012): p <- p - lr g / (sqrt(v) + eps), as in PyTorch."""

    lr: float = 5e-5
    """Learning rate at the first update."""
    decay: float = 0.99
    """Decay of the squared gradient's mean v."""
    eps: float = 1e-8
    """Constant added to sqrt(v)."""

    def _rule(self, over: Over) -> optax.GradientTransformation:
        rate = over(self.lr, self.lr_end)
        return optax.rmsprop(rate, decay=self.decay, eps=self.eps, eps_in_sqrt=False)


@dataclass(frozen=True, kw_only=True)
class SGD(_Rule):
    """Gradient descent: p <- p - lr g."""

    def _rule(self, over: Over) -> optax.GradientTransformation:
        return optax.sgd(over(self.lr, self.lr_end))


Optimizer: TypeAlias = Adam | RMSprop | SGD
"""Optimizer of one player; the config sets its type, the command line may set its fields."""


def schedule(start: float, name: ScheduleName, steps: int, end: float = 0.0) -> optax.Schedule:
    """A schedule with value ``start`` at update 0; unless constant, ``end`` at update ``steps``."""
    if name == "linear":
        return optax.linear_schedule(start, end, steps)
    if name == "cosine":
        fall = optax.cosine_decay_schedule(1.0, steps)
        return lambda count: end + (start - end) * fall(count)
    if name == "constant_linear":
        half = steps // 2
        return optax.linear_schedule(start, end, steps - half, half)
    return optax.constant_schedule(start)
