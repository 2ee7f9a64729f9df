"""A run of ProGAN that ends early between two levels, and in a fade, resumes to the bit."""

import contextlib

import jax
import numpy as np
import pytest

from jaxgan.algorithms import ProGAN
from jaxgan.core import advance
from jaxgan.nets import ProGANDiscriminator, ProGANGenerator
from jaxgan.run.opened import open_run
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.run.methods import run_of

NARROW = {"features": 2, "base": 8}


def growing(out):
    """Two steps at 4 px, then six at 8 px, the first four of which fade in."""
    algorithm = ProGAN(
        generator=ProGANGenerator(**NARROW),
        discriminator=ProGANDiscriminator(**NARROW),
        latent_dim=2,
        shares=(1.0, 1.5),
        batch_sizes=(8, 4),
        fade=0.67,
        ema_decay=0.5,
    )
    return run_of(algorithm, out)


@pytest.fixture
def traces(monkeypatch):
    """The resolutions whose steps were traced."""
    found = []

    def counted(algorithm):
        step = advance(algorithm)

        def traced(state, batch, root):
            found.append(max(state.players["generator"].variables["params"]))
            return step(state, batch, root)

        return traced

    monkeypatch.setattr("jaxgan.run.programs.advance", counted)
    return found


def steps(session, until, save=()):
    """The state and the metrics of each step, from the newest checkpoint on."""
    start = session.restore()
    state, metrics = start.state, {}
    for call in session.calls(start.step):
        if call.step > until:
            break
        state = session.enter(call, state, start.rollbacks)
        state, metrics[call.step] = call(state, start.root)
        if call.step in save:
            session.checkpoints.save(state, call.step)
            session.checkpoints.wait()
    return jax.device_get((state, metrics))


@pytest.mark.slow
def test_killed_between_levels_and_in_a_fade_it_resumes_to_the_bit(tmp_path, traces):
    session = Session(growing(tmp_path), devices=Devices(1))
    with contextlib.closing(session):
        whole, metrics = steps(session, until=8)
        assert [float(metrics[step]["alpha"]) for step in (2, 3, 4, 5, 7)] == [1, 0, 0.25, 0.5, 1]
        assert [session.images(step) for step in (2, 3, 8)] == [16, 20, 40]

        steps(session, until=2, save=[2])  # and the process ends
        opened = open_run(tmp_path)
        assert (opened.step, opened.spec.first, opened.data.batch_size) == (2, 0, 8)
        assert opened.sample(3).shape == (3, 8, 8, 1)
        steps(session, until=5, save=[4])
        opened = open_run(tmp_path)
        assert (opened.step, opened.spec.first, opened.data.batch_size) == (4, 2, 4)
        assert float(opened.weights["generator"]["fade"]["alpha"]) == 0.25
        again, rest = steps(session, until=8)
    assert list(rest) == [5, 6, 7, 8]
    jax.tree.map(np.testing.assert_array_equal, whole, again)
    assert len(traces) == 2  # a program a level
