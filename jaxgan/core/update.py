"""A training step is a value you compose.

Every piece has one type, :data:`Update`, and so has everything built from pieces:

    step = chain(scan_batches(minimize("critic", critic_loss, tx)),
                 on_last(minimize("generator", generator_loss, tx)),
                 ema("generator", 0.999))
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxgan.core.sharding import over_devices
from jaxgan.core.state import TrainState
from jaxgan.errors import InputError
from jaxgan.typing import Batch, Metrics, PRNGKey, Scalar, Variables

Update: TypeAlias = Callable[[TrainState, Batch, PRNGKey], tuple[TrainState, Metrics]]


class Aux(struct.PyTreeNode):
    """What a loss returns beside its value."""

    metrics: Metrics = struct.field(default_factory=dict)
    variables: dict[str, Variables] = struct.field(default_factory=dict)
    """New non-trainable collections by player (BatchNorm statistics): merged into the state."""
    memory: dict[str, Any] = struct.field(default_factory=dict)
    """New values of memory entries; arrays with a row an example where ``accumulate`` is used."""


Loss: TypeAlias = Callable[
    [dict[str, Variables], Batch, PRNGKey, dict[str, Any]], tuple[Scalar, Aux]
]
"""``loss(variables of all players by name, batch, key, memory) -> (scalar, Aux)``."""


def minimize(
    players: str | Sequence[str],
    loss: Loss,
    tx: optax.GradientTransformation,
    label: str | Sequence[str] | None = None,
    accumulate: int = 1,
) -> Update:
    """One optimizer step on the named players; all other players are constants of the loss.

    Each player has its own optimizer state, so ``tx`` sees one player at a time: an elementwise
    rule such as Adam is the same for all together, a global norm is taken per player.

    Args:
      players: the name of the player to update, or several.
      loss: a pure function; see :data:`Loss`.
      tx: the rule. Its state is the player's ``opt_state``.
      label: names the metrics, the player by default: ``{label}_loss`` and ``{label}_grad_norm``.
        Of several players one label is the loss's, and each gradient has its player's name; a
        label for each names both, the loss by all of them joined by ``+``. Two updates of one
        player in one chain need two labels.
      accumulate: parts that the batch is computed in, one after the other, for less memory. The
        gradient and the metrics are the means of theirs; batch statistics are a part's.
    """
    names = (players,) if isinstance(players, str) else tuple(players)
    labels = (label,) if isinstance(label, str) else tuple(label or names)
    norm_labels = labels if len(labels) == len(names) else names

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        variables = {name: player.variables for name, player in state.players.items()}

        def objective(
            params: dict[str, Any], statistics: dict[str, Variables], batch: Batch, key: PRNGKey
        ) -> tuple[Scalar, Aux]:
            current = {name: {**v, **statistics[name]} for name, v in variables.items()}
            trained = {name: {**current[name], "params": params[name]} for name in names}
            return loss({**current, **trained}, batch, key, state.memory)

        params = {name: variables[name]["params"] for name in names}
        gradient = jax.value_and_grad(objective, has_aux=True)
        if accumulate > 1:
            gradient = partial(_in_parts, gradient, accumulate)
        (value, aux), grads = gradient(params, _statistics(variables), batch, key)
        value, metrics, grads = over_devices((value, aux.metrics, grads))

        stepped = dict(state.players)
        for name, stats in _statistics(aux.variables).items():
            stepped[name] = stepped[name].replace(variables={**variables[name], **stats})
        for name in names:
            player = stepped[name]
            updates, opt_state = tx.update(grads[name], player.opt_state, params[name])
            trained = {**player.variables, "params": optax.apply_updates(params[name], updates)}
            stepped[name] = player.replace(variables=trained, opt_state=opt_state)

        norms = {
            f"{own}_grad_norm": _no_nan(optax.tree.norm(grads[name]))
            for own, name in zip(norm_labels, names, strict=True)
        }
        metrics = _merge({f"{'+'.join(labels)}_loss": _no_nan(value), **norms}, metrics)
        return state.replace(players=stepped, memory={**state.memory, **aux.memory}), metrics

    return update


def _no_nan(value: Scalar) -> Scalar:
    """The value, or inf for NaN, which stands for what :func:`every` did not compute."""
    return jnp.where(jnp.isnan(value), jnp.inf, value)


def _statistics(variables: dict[str, Variables]) -> dict[str, Variables]:
    """The non-trainable collections by player."""
    return {
        name: {k: v for k, v in own.items() if k != "params"} for name, own in variables.items()
    }


def _in_parts(
    gradient: Callable[..., Any], parts: int, params: Any, statistics: Any, batch: Batch, key: Any
) -> Any:
    """``gradient`` of part after part of the batch: examples i, i + parts, ... are part i.

    A stride and not a block, so that every device has its share of every part. Values, gradients
    and metrics are means; statistics go on from part to part; memory is put together again.
    """
    size = jax.tree.leaves(batch)[0].shape[0]
    if size % parts:
        raise InputError(
            f"algorithm.accumulate: {parts} parts do not divide the {size} images of a batch on a"
            " device; use a divisor"
        )
    batches = jax.tree.map(lambda x: x.reshape(-1, parts, *x.shape[1:]).swapaxes(0, 1), batch)

    def body(carry: tuple[Any, Any], part: tuple[Batch, PRNGKey]) -> tuple[Any, Any]:
        statistics, total = carry
        (value, aux), grads = gradient(params, statistics, *part)
        total = jax.tree.map(jnp.add, total, grads)
        return ({**statistics, **_statistics(aux.variables)}, total), (
            value,
            aux.metrics,
            aux.memory,
        )

    start = (statistics, jax.tree.map(jnp.zeros_like, params))
    (statistics, total), outputs = jax.lax.scan(
        body, start, (batches, jax.random.split(key, parts))
    )
    value, metrics = jax.tree.map(lambda x: x.mean(0), outputs[:2])
    memory = jax.tree.map(lambda x: x.swapaxes(0, 1).reshape(-1, *x.shape[2:]), outputs[2])
    return (value, Aux(metrics, statistics, memory)), jax.tree.map(lambda g: g / parts, total)


def chain(*updates: Update) -> Update:
    """The updates in order; each sees the state that the last one left, and a key of its own.

    Raises:
      ValueError: when two updates report a metric of one name, which would hide one of them.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        metrics: Metrics = {}
        for i, piece in enumerate(updates):
            state, new = piece(state, batch, jax.random.fold_in(key, i))
            metrics = _merge(metrics, new)
        return state, metrics

    return update


def scan_batches(update: Update) -> Update:
    """``update`` once on each slice of the batch's leading axis, in order (``n_critic`` steps).

    The batch's leaves have shape ``(n, batch, ...)``: n fresh batches. Metrics are means over n.
    """

    def scanned(state: TrainState, batches: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        n = jax.tree.leaves(batches)[0].shape[0]

        def body(state: TrainState, item: tuple[Batch, PRNGKey]) -> tuple[TrainState, Metrics]:
            return update(state, *item)

        state, metrics = jax.lax.scan(body, state, (batches, jax.random.split(key, n)))
        return state, jax.tree.map(lambda m: m.mean(0), metrics)

    return scanned


def on_last(update: Update) -> Update:
    """``update`` on the last slice of the batch's leading axis."""

    def sliced(state: TrainState, batches: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        return update(state, jax.tree.map(lambda leaf: leaf[-1], batches), key)

    return sliced


def every(k: int, update: Update) -> Update:
    """``update`` at the steps divisible by ``k``; otherwise the state as it is and NaN metrics.

    NaN stands for "not computed": take the mean of such a metric by ``nanmean``. A loss that
    :func:`minimize` computed is never NaN: one that is not a number is reported as inf.
    """

    def maybe(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        _, shapes = jax.eval_shape(update, state, batch, key)

        def skip(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
            del batch, key
            return state, jax.tree.map(lambda s: jnp.full(s.shape, jnp.nan, s.dtype), shapes)

        return jax.lax.cond(state.step % k == 0, update, skip, state, batch, key)

    return maybe


def ema(player: str, decay: float) -> Update:
    """The moving average ``e <- d e + (1 - d) p`` of a player's parameters.

    ``d = min(decay, (1 + t) / (10 + t))`` at step t: an early average is one of recent parameters
    and not mostly of the first, random ones.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del batch, key
        this = state.players[player]
        t = state.step.astype(jnp.float32)
        d = jnp.minimum(decay, (1.0 + t) / (10.0 + t))
        average = jax.tree.map(
            lambda e, p: d * e + (1.0 - d) * p, this.ema, this.variables["params"]
        )
        return state.replace(players={**state.players, player: this.replace(ema=average)}), {}

    return update


def _merge(metrics: Metrics, new: Metrics) -> Metrics:
    clash = metrics.keys() & new.keys()
    if clash:
        raise ValueError(
            f"two updates report the metric {sorted(clash)[0]!r}: give one of them a label"
        )
    return {**metrics, **new}
