"""A training step is a value you compose.

Every piece has the type :data:`Update`, and so does everything that is built from pieces:

    step = chain(scan_batches(5, minimize("critic", critic_loss, tx)),
                 on_last(5, minimize("generator", generator_loss, tx)),
                 ema("generator", 0.999))
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array

from jaxgan.core.sharding import averaged_gradient, mapped, over_devices
from jaxgan.core.state import Given, TrainState
from jaxgan.errors import InputError
from jaxgan.typing import Batch, Metrics, PRNGKey, Scalar, Variables

Update: TypeAlias = Callable[[TrainState, Batch, PRNGKey], tuple[TrainState, Metrics]]

Schedule: TypeAlias = Callable[[Any], Any]
"""Function ``step -> value``, as in optax."""


class Aux(struct.PyTreeNode):
    """Results of a loss besides its value."""

    metrics: Metrics = struct.field(default_factory=dict)
    """Scalars, averaged over parts and devices."""
    variables: dict[str, Variables] = struct.field(default_factory=dict)
    """New non-trainable collections by player (BatchNorm statistics), merged into the state."""
    memory: dict[str, Any] = struct.field(default_factory=dict)
    """New values of memory entries, which last for the whole run; averaged over parts and
    devices."""
    rows: dict[str, Any] = struct.field(default_factory=dict)
    """Arrays with one row per example (fakes). They join the batch of later updates, until the end
    of the :func:`chain`."""


Loss: TypeAlias = Callable[[Given, Batch, PRNGKey], tuple[Scalar, Aux]]
"""Function ``loss(given, batch, key) -> (scalar, Aux)``; the scalar is a mean over the batch."""


def minimize(
    players: str | Sequence[str],
    loss: Loss,
    tx: optax.GradientTransformation,
    label: str | Sequence[str] | None = None,
    accumulate: int = 1,
) -> Update:
    """One optimizer step on the named players; the loss treats all other players as constants.

    Each player has its own optimizer state, so ``tx`` sees one player at a time. For an elementwise
    rule such as Adam this makes no difference; a global norm is taken per player. A rule with a
    line search (L-BFGS) gets the loss as a function of that player's parameters.

    Args:
      players: name of the player to update, or several names.
      loss: a pure function; see :data:`Loss`.
      tx: optimizer; its state is the player's ``opt_state``.
      label: prefix of the metrics ``{label}_loss`` and ``{label}_grad_norm``; the player's name by
        default. With several players, a single label names only the loss, and each gradient norm
        has its player's name. One label per player names the gradient norms, and the loss has all
        labels joined by ``+``. Two updates of one player in one chain need two labels.
      accumulate: number of parts in which the batch is computed, one after the other, to save
        memory. The gradient, the metrics and the memory are means over the parts. Batch statistics
        pass from part to part, and rows are put back together. A line search sees the whole batch
        at once.
    """
    names = (players,) if isinstance(players, str) else tuple(players)
    labels = (label,) if isinstance(label, str) else tuple(label or names)
    norm_labels = labels if len(labels) == len(names) else names

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        given, batch = state.given, _with_rows(batch, state)

        def objective(
            params: dict[str, Any], statistics: dict[str, Variables], batch: Batch, key: PRNGKey
        ) -> tuple[Scalar, Aux]:
            current = {name: {**v, **statistics[name]} for name, v in given.variables.items()}
            trained = {name: {**current[name], "params": params[name]} for name in names}
            return loss(given._replace(variables={**current, **trained}), batch, key)

        params = {name: given.variables[name]["params"] for name in names}
        statistics = _statistics(given.variables)
        gradient = jax.value_and_grad(objective, has_aux=True)
        if accumulate > 1:
            gradient = partial(_in_parts, gradient, accumulate)
        (value, aux), grads = gradient(params, statistics, batch, key)
        value = over_devices(value)

        new, metrics = with_aux(state, aux), over_devices(aux.metrics)
        metrics = _merge({f"{'+'.join(labels)}_loss": no_nan(value)}, metrics)
        for own, name in zip(norm_labels, names, strict=True):

            def value_of(own_params: Any, name: str = name) -> Scalar:
                own_params = averaged_gradient(own_params) if mapped() else own_params
                changed = {**params, name: own_params}
                return over_devices(objective(changed, statistics, batch, key)[0])

            extra = {"value": value, "value_fn": value_of}
            applied = apply_gradients(name, grads[name], tx, own, **extra)
            new, norm = applied(new, batch, key)
            metrics = _merge(metrics, norm)
        return new, metrics

    return update


def apply_gradients(
    player: str,
    grads: Any,
    tx: optax.GradientTransformation,
    label: str | None = None,
    **extra: Any,
) -> Update:
    """The second half of :func:`minimize`, for gradients that a method computes itself.

    Args:
      player: name of the player to update.
      grads: gradients of a mean over the batch, in the structure of the player's parameters.
      tx: optimizer; its state is the player's ``opt_state``.
      label: prefix of the metric ``{label}_grad_norm``; the player's name by default.
      **extra: further arguments of ``tx.update`` besides ``grad``, such as ``value`` and
        ``value_fn``. An optimizer that takes no such arguments ignores them.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del batch, key
        this, mean = state.players[player], over_devices(grads)
        params = this.variables["params"]
        rule = optax.with_extra_args_support(tx)
        changes, opt_state = rule.update(mean, this.opt_state, params, grad=mean, **extra)
        variables = {**this.variables, "params": optax.apply_updates(params, changes)}
        players = {**state.players, player: this.replace(variables=variables, opt_state=opt_state)}
        norm = {f"{label or player}_grad_norm": no_nan(optax.tree.norm(mean))}
        return state.replace(players=players), norm

    return update


def with_aux(state: TrainState, aux: Aux) -> TrainState:
    """The state with a loss's new statistics, memory and rows."""
    clash = state.rows.keys() & aux.rows.keys()
    if clash:
        raise ValueError(f"two updates of a chain hand on rows named {sorted(clash)[0]!r}")
    statistics, memory = over_devices((_statistics(aux.variables), aux.memory))
    new = state.with_statistics(statistics)
    memory = {**state.memory, **memory} if memory else state.memory
    return new.replace(memory=memory, rows={**state.rows, **aux.rows})


def _with_rows(batch: Batch, state: TrainState) -> Batch:
    """The batch, with the rows of earlier updates in the chain."""
    return {**batch, **state.rows} if state.rows else batch


def no_nan(value: Scalar) -> Scalar:
    """The value, or inf if it is NaN, since NaN means "not computed" in :func:`every`."""
    return jnp.where(jnp.isnan(value), jnp.inf, value)


def _floating(value: Array) -> Array:
    """A metric as a float, since an integer cannot be NaN."""
    return jnp.asarray(value, jnp.result_type(value, jnp.float32))


def _statistics(variables: dict[str, Variables]) -> dict[str, Variables]:
    """The non-trainable collections by player."""
    return {
        name: {k: v for k, v in own.items() if k != "params"} for name, own in variables.items()
    }


def _in_parts(
    gradient: Callable[..., Any], parts: int, params: Any, statistics: Any, batch: Batch, key: Any
) -> Any:
    """``gradient`` of one part of the batch after another; part i has examples i, i + parts, ...

    With this stride every device holds examples of every part; with blocks it would not.
    """
    for leaf in jax.tree.leaves(batch):
        if leaf.shape[0] % parts:
            raise InputError(
                f"algorithm.accumulate: {parts} parts do not divide the {leaf.shape[0]} examples of"
                " a batch on a device; use a divisor"
            )
    batches = jax.tree.map(lambda x: x.reshape(-1, parts, *x.shape[1:]).swapaxes(0, 1), batch)

    def body(carry: tuple[Any, Any], part: tuple[Batch, PRNGKey]) -> tuple[Any, Any]:
        statistics, total = carry
        (value, aux), grads = gradient(params, statistics, *part)
        total = jax.tree.map(jnp.add, total, grads)
        new = _statistics(aux.variables)
        statistics = {name: {**own, **new.get(name, {})} for name, own in statistics.items()}
        return (statistics, total), (value, aux.metrics, aux.memory, aux.rows)

    start = (statistics, jax.tree.map(jnp.zeros_like, params))
    (statistics, total), outputs = jax.lax.scan(
        body, start, (batches, jax.random.split(key, parts))
    )
    value, metrics, memory = jax.tree.map(_mean_of_parts, outputs[:3])
    rows = jax.tree.map(lambda x: x.swapaxes(0, 1).reshape(-1, *x.shape[2:]), outputs[3])
    aux = Aux(metrics, statistics, memory, rows)
    return (value, aux), jax.tree.map(lambda g: g / parts, total)


def _mean_of_parts(x: Any) -> Any:
    """The mean of floats; the last part's value of a count or a flag."""
    return x.mean(0) if jnp.issubdtype(x.dtype, jnp.floating) else x[-1]


def chain(*updates: Update) -> Update:
    """The updates in order; each gets the state that the last one returned, and its own key.

    Rows that an update adds are dropped at the end of the chain.

    Raises:
      ValueError: two updates report a metric with the same name, and one would hide the other.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        metrics, rows = {}, state.rows
        for i, piece in enumerate(updates):
            state, new = piece(state, batch, jax.random.fold_in(key, i))
            metrics = _merge(metrics, new)
        return state.replace(rows=rows), metrics

    return update


def scan_batches(n: int, update: Update) -> Update:
    """``update`` once on each of ``n`` fresh batches, in order (``n_critic`` steps).

    Args:
      n: length of the leading axis of the batch's leaves, ``(n, batch, ...)``. With 1 they have no
        such axis, and the result is ``update`` itself.
      update: update to run on each batch. Its metrics are averaged over the batches for which it
        computed them.

    Raises:
      ValueError: the batch has another leading axis, because ``batches_per_step`` is missing.
    """
    if n == 1:
        return update

    def scanned(state: TrainState, batches: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        _check_leading("scan_batches", batches, n)
        before = state

        def body(state: TrainState, item: tuple[Any, Batch, PRNGKey]) -> tuple[TrainState, Metrics]:
            i, batch, key = item
            new, metrics = update(state.replace(clock=before.now * n + i), batch, key)
            return new.replace(clock=before.clock, rows=before.rows), metrics

        items = (jnp.arange(n), batches, jax.random.split(key, n))
        state, metrics = jax.lax.scan(body, state, items)
        return state, jax.tree.map(lambda m: jnp.nanmean(m, 0), metrics)

    return scanned


def on_first(k: int, n: int, update: Update) -> Update:
    """``update`` on the first ``k`` of ``n`` batches; for k = 1 its batch has no leading axis.

    Raises:
      ValueError: as in :func:`scan_batches`.
    """
    if k == n:
        return update

    def sliced(state: TrainState, batches: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        _check_leading("on_first", batches, n)
        return update(
            state, jax.tree.map(lambda leaf: leaf[:k] if k > 1 else leaf[0], batches), key
        )

    return sliced


def on_last(n: int, update: Update) -> Update:
    """``update`` on the last of ``n`` batches; for n = 1 the batch has no leading axis.

    Raises:
      ValueError: as in :func:`scan_batches`.
    """
    if n == 1:
        return update

    def sliced(state: TrainState, batches: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        _check_leading("on_last", batches, n)
        return update(state, jax.tree.map(lambda leaf: leaf[-1], batches), key)

    return sliced


def _check_leading(name: str, batches: Batch, n: int) -> None:
    for leaf in jax.tree.leaves(batches):
        if leaf.ndim < 1 or leaf.shape[0] != n:
            raise ValueError(
                f"{name}: the batch has an array of shape {leaf.shape}, whose leading axis is not"
                f" the {n} batches of a step: build the Algorithm with batches_per_step={n}"
            )


def every(k: int, update: Update, clock: Schedule | None = None) -> Update:
    """``update`` at every ``k``-th call; other calls keep the state and return NaN metrics.

    NaN means "not computed": average such a metric with ``nanmean``. The loss and gradient norm of
    :func:`minimize` are never NaN: they are reported as inf instead.

    Args:
      k: interval; the first call runs the update.
      update: update to run. Its rows are dropped afterwards.
      clock: ``state -> index of this call``. By default it is the training step or, inside
        :func:`scan_batches`, the index of the batch over the whole run.
    """

    def maybe(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        def do(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
            new, metrics = update(state, batch, key)
            return new.replace(rows=state.rows), jax.tree.map(_floating, metrics)

        _, shapes = jax.eval_shape(do, state, batch, key)

        def skip(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
            del batch, key
            return state, jax.tree.map(lambda s: jnp.full(s.shape, jnp.nan, s.dtype), shapes)

        now = state.now if clock is None else clock(state)
        return jax.lax.cond(now % k == 0, do, skip, state, batch, key)

    return maybe


def ema(player: str, decay: float | Schedule) -> Update:
    """The moving average ``e <- d e + (1 - d) p`` of a player's parameters and batch statistics.

    A player without an average stays as it is.

    Args:
      player: name of the player.
      decay: a number or a schedule. With a number, ``d = min(decay, (1 + t) / (10 + t))`` at step
        t, so that an early average holds recent parameters and not mostly the random first ones. A
        schedule gives ``d`` at each step.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del batch, key
        this = state.players[player]
        if this.average is None:
            return state, {}
        t = state.step.astype(jnp.float32)
        d = decay(state.step) if callable(decay) else jnp.minimum(decay, (1.0 + t) / (10.0 + t))
        new = {name: this.variables[name] for name in this.average}
        average = jax.tree.map(lambda e, p: d * e + (1.0 - d) * p, this.average, new)
        return state.replace(players={**state.players, player: this.replace(average=average)}), {}

    return update


def _merge(metrics: Metrics, new: Metrics) -> Metrics:
    clash = metrics.keys() & new.keys()
    if clash:
        raise ValueError(
            f"two updates report the metric {sorted(clash)[0]!r}: give one of them a label"
        )
    return {**metrics, **new}
