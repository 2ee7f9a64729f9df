"""A run that is no longer finite: it stops, or goes back and on with other random numbers."""

import contextlib
import functools
import itertools
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import GAN
from jaxgan.core import advance
from jaxgan.data.dataset import open_dataset
from jaxgan.data.pipeline import batches
from jaxgan.errors import InputError, NotFiniteError
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Checkpoint, Log, Sample
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.small import ALGORITHMS, SPEC, small_run
from tests.test_train import crash, final_state, losses, train


def keys_of(rollbacks):
    """Of the first state, and of the steps."""
    init, root, _ = jax.random.split(jax.random.key(0), 3)
    if not rollbacks:
        return init, root
    return jax.random.fold_in(init, rollbacks), jax.random.fold_in(root, rollbacks)


@dataclass(frozen=True, kw_only=True)
class Fragile(GAN):
    """A GAN whose parameters become NaN at a step, under the root keys of the first attempts."""

    at: int = 6
    attempts: int = 1

    def build(self, spec):
        inner = super().build(spec)
        bad = [jax.random.fold_in(keys_of(i)[1], self.at - 1) for i in range(self.attempts)]
        bad = jnp.stack([jax.random.key_data(key) for key in bad])

        def step(state, batch, key):
            data = jax.random.key_data(key)[None]
            broken = (bad == jnp.broadcast_to(data, bad.shape)).all(-1).any()
            state, metrics = inner.step(state, batch, key)
            players = jax.tree.map(
                lambda x: jnp.where(broken, jnp.nan, x) if x.dtype == jnp.float32 else x,
                state.players,
            )
            return state.replace(players=players), metrics

        return inner._replace(step=step)


def fragile(out, at=6, attempts=1, **fields):
    gan = ALGORITHMS["gan"]
    algorithm = Fragile(
        generator=gan.generator, discriminator=gan.discriminator, at=at, attempts=attempts
    )
    every = {"log": Log(every=2), "checkpoint": Checkpoint(every=4), "sample": Sample(every=6)}
    return small_run(algorithm, out, **{"on_nan": "rollback", "steps": 10, **every, **fields})


@functools.cache
def by_hand(rollbacks, back_to):
    """The state at the end: ``back_to`` steps as ever, then with the keys of after the rollbacks.

    The batches are those of a run without any.
    """
    run, devices = fragile("out"), Devices(1)
    algorithm = run.algorithm.build(SPEC)
    stream = batches(open_dataset(run.data), seed=run.seed)
    first = next(stream)
    state = devices.init(algorithm, keys_of(0 if back_to else rollbacks)[0], first)
    step = devices.compile(advance(algorithm), state, 0)
    for i, batch in zip(range(run.steps), itertools.chain([first], stream), strict=False):
        state, _ = step(state, batch, keys_of(rollbacks if i >= back_to else 0)[1])
    return jax.device_get(state)


def end_of(run):
    """The state that a finished run has saved."""
    with contextlib.closing(Session(replace(run, steps=run.steps + 1), devices=Devices(1))) as s:
        start = s.restore()
    assert start.step == run.steps
    return jax.device_get(start.state)


def assert_same(run, expected):
    found = end_of(run)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_stop_keeps_the_last_good_checkpoint(tmp_path):
    with pytest.raises(InputError, match=r"step 6: the parameters of discriminator and generator"):
        train(fragile(tmp_path, on_nan="stop"))
    assert Checkpoints(tmp_path / "checkpoints").steps() == [4]
    assert all(np.isfinite(leaf).all() for leaf in final_state(tmp_path).values())
    assert not (tmp_path / "rollbacks.json").exists()


@pytest.mark.parametrize("at,back_to", [(6, 4), pytest.param(2, 0, marks=pytest.mark.slow)])
def test_it_goes_on_from_the_last_checkpoint_or_anew_with_other_keys(at, back_to, tmp_path, capsys):
    run = fragile(tmp_path, at=at)
    assert train(run) == 0
    assert_same(run, by_hand(rollbacks=1, back_to=back_to))
    assert [record["step"] for record in losses(tmp_path)] == [2, 4, 6, 8, 10]
    assert (tmp_path / "rollbacks.json").read_text() == "1\n"
    said = capsys.readouterr().out
    assert f"step {at}: the parameters of discriminator and generator are not finite" in said
    assert "Rollback 1 of 3" in said
    assert f"from step {back_to}" in said.split("Rollback")[1]


@pytest.mark.slow
def test_at_most_three_times(tmp_path):
    thrice = fragile(tmp_path / "thrice", attempts=3)
    assert train(thrice) == 0
    assert_same(thrice, by_hand(rollbacks=3, back_to=4))
    always = fragile(tmp_path / "always", attempts=9)
    for _ in range(2):  # and the same command again
        with pytest.raises(NotFiniteError, match=r"on_nan: went back 3 times, and still at step 6"):
            train(always)
    assert Checkpoints(tmp_path / "always" / "checkpoints").steps() == [4]
    assert train(replace(always, steps=4, on_nan="stop"), fresh=True) == 0
    assert not (tmp_path / "always" / "rollbacks.json").exists()


@pytest.mark.parametrize("at,killed", [(6, 7), pytest.param(2, 3, marks=pytest.mark.slow)])
def test_killed_after_a_rollback_and_resumed_it_ends_the_same_to_the_bit(
    at, killed, tmp_path, monkeypatch
):
    """Also where the resumed run would stop at the next one: the keys stay the rollback's."""
    run = fragile(tmp_path, at=at, log=Log(every=2))
    crash(monkeypatch, run, at=killed)
    assert (tmp_path / "rollbacks.json").read_text() == "1\n"
    assert train(replace(run, on_nan="stop")) == 0
    assert_same(run, by_hand(rollbacks=1, back_to=4 if at == 6 else 0))


@pytest.mark.peers
def test_calls_of_several_steps_and_data_on_the_device_go_back_too(tmp_path):
    run = fragile(tmp_path, steps_per_call=2)
    run = replace(run, data=replace(run.data, on_device=True))
    assert train(run) == 0
    assert_same(run, by_hand(rollbacks=1, back_to=4))
    assert [record["step"] for record in losses(tmp_path)] == [2, 4, 6, 8, 10]


def test_a_count_that_is_no_number_is_named(tmp_path):
    run = fragile(tmp_path, at=99, steps=2)
    train(run)
    (tmp_path / "rollbacks.json").write_text("many")
    with pytest.raises(InputError, match=r"rollbacks.json holds no number; start over"):
        train(replace(run, steps=4))
