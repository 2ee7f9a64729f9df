"""A run of two legs, from 8 to 16 px."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan.core import advance
from jaxgan.core.leg import by_name
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.run.config import Checkpoint, Log, Sample
from jaxgan.run.describe import describe
from jaxgan.run.loop import train
from jaxgan.run.opened import open_run
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices, Parallel, open_devices
from tests.run.methods import growing
from tests.test_train import assert_same_runs, crash, final_state, losses

pytestmark = pytest.mark.xdist_group("legs")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("legs") / "whole"
    assert train(growing(out), devices=Devices(1)) == 0
    return out


@pytest.mark.parametrize(
    "killed", [5, *(pytest.param(k, marks=pytest.mark.slow) for k in (3, 4, 7))]
)
def test_killed_in_each_leg_and_between_it_ends_where_one_run_ends_to_the_bit(
    killed, whole, tmp_path, monkeypatch
):
    """Killed at 5 it goes on from the checkpoint of step 4, the state of the first leg."""
    run = growing(tmp_path)
    crash(monkeypatch, run, killed)
    assert train(run, devices=Devices(1)) == 0
    assert_same_runs(whole, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"steps_per_call": 3},
        pytest.param({"on_device": True}, marks=pytest.mark.slow),
        pytest.param({"steps_per_call": 2, "on_device": True}, marks=pytest.mark.slow),
    ],
)
def test_calls_do_not_cross_legs_and_placement_changes_nothing(changes, whole, tmp_path):
    call = changes.pop("steps_per_call", 1)
    data = Data(source="digits", image_size=16, batch_size=8, **changes)
    every = 2 * call
    run = growing(
        tmp_path, data=data, steps_per_call=call, log=Log(every=every),
        checkpoint=Checkpoint(every=every), sample=Sample(every=100 * call),
    )  # fmt: skip
    assert train(run, devices=Devices(1)) == 0
    expected, found = final_state(whole), final_state(tmp_path)
    for leaf, value in expected.items():
        np.testing.assert_array_equal(found[leaf], value, err_msg=leaf)


def test_each_leg_is_compiled_once_however_often_it_starts(tmp_path, monkeypatch):
    traces = []

    def counted(algorithm):
        step = advance(algorithm)

        def traced(*args):
            traces.append(len(traces))
            return step(*args)

        return traced

    monkeypatch.setattr("jaxgan.run.programs.advance", counted)
    session = Session(growing(tmp_path), devices=Devices(1))
    for _ in range(2):
        start = session.restore()
        state = start.state
        for call in session.calls(start.step):
            state = session.enter(call, state, start.rollbacks)
            state, _ = call(state, start.root)
            if call.step == 4:
                session.checkpoints.save(state, 4)
    session.close()
    assert len(traces) == 2


def test_the_data_of_a_leg_leave_the_device_at_its_end(tmp_path):
    data = Data(source="digits", image_size=16, batch_size=8, on_device=True)
    session = Session(growing(tmp_path, data=data), devices=Devices(1))
    for _ in range(2):  # a run that goes back puts them there again
        images = {}
        for call in session.calls(0):
            images.setdefault(call.stage.index, call.feed[0]["image"])
            gone = [leg for leg, array in images.items() if array.is_deleted()]
            assert gone == list(range(call.stage.index))
        assert len(images) == 2
    session.close()


def test_what_a_leg_adopts_is_the_last_state_of_the_leg_before(tmp_path):
    session = Session(growing(tmp_path), devices=Devices(1))
    start = session.restore()
    state = start.state
    for call in session.calls(0):
        if call.step == 5:
            break
        state, _ = call(state, start.root)
    new = session.enter(call, state, 0)
    session.close()
    assert int(new.step) == 4
    old, grown = (s.players["net"].variables["params"] for s in (state, new))
    assert grown.keys() - old.keys() == {"fine"}
    jax.tree.map(np.testing.assert_array_equal, old, {k: grown[k] for k in old})
    fresh = session.stages[1].init(jax.random.fold_in(jax.random.split(jax.random.key(0), 3)[0], 1))
    jax.tree.map(np.testing.assert_array_equal, new, by_name(state, fresh))


def test_records_and_pictures_know_the_leg(whole):
    assert [r["images"] for r in losses(whole)] == [16, 32, 40, 48]
    sheet = Image.open(whole / "samples.png")
    assert sheet.width == 4 * 7 * 16 + 3 * 2  # enlarged sevenfold
    assert all(r["diversity"] > 0 for r in losses(whole) if "diversity" in r)


@pytest.mark.parametrize(
    "form", [{"compile": "pmap"}, pytest.param({"state": "sharded"}, marks=pytest.mark.peers)]
)
def test_legs_on_four_devices_end_as_on_one(form, whole, tmp_path):
    run = growing(tmp_path)
    assert train(run, devices=open_devices(Parallel(**form))) == 0
    expected, found = final_state(whole), final_state(tmp_path)
    for leaf, value in expected.items():  # Adam magnifies the rounding of small gradients
        np.testing.assert_allclose(found[leaf], value, atol=1e-4, rtol=2e-4, err_msg=leaf)


def test_a_dry_run_describes_each_leg(tmp_path):
    text = describe(growing(tmp_path))
    assert "leg 1, steps 1 to 4" in text
    assert "leg 2, steps 5 to 8" in text
    assert "fine" in text.split("leg 2")[1]
    assert "fine" not in text.split("leg 2")[0]


def test_legs_must_fill_the_run_and_their_batches_the_devices(tmp_path):
    with pytest.raises(InputError, match=r"steps: 2 leaves legs of 4, -2 steps"):
        Session(growing(tmp_path / "a", steps=2))
    data = Data(source="digits", image_size=16, batch_size=6)
    with pytest.raises(InputError, match=r"data\.batch_size: 4 .* 3 devices"):
        Session(growing(tmp_path / "b", data=data), devices=Devices(3))
    assert list(tmp_path.iterdir()) == []


CONFIG = """
from tests.run.methods import growing

def config():
    return growing("x", steps=100)
"""


def test_an_open_run_knows_the_leg_of_its_checkpoint(whole, tmp_path, monkeypatch):
    (tmp_path / "c.py").write_text(CONFIG)
    opened = open_run(whole, config_file=str(tmp_path / "c.py"))
    assert (opened.step, opened.spec.first, opened.run.steps) == (8, 4, 8)
    assert opened.sample(3).shape == (3, 16, 16, 1)
    out = tmp_path / "run"
    crash(monkeypatch, growing(out), at=5)
    opened = open_run(out, config_file=str(tmp_path / "c.py"))
    assert (opened.step, opened.spec.first) == (4, 0)
    assert opened.sample(3).shape == (3, 8, 8, 1)
    assert opened.apply("reconstruct", opened.sample(5)).shape == (5, 8, 8, 1)
    with pytest.raises(InputError, match="Growing is not a part of jaxgan"):
        open_run(replace(growing(out)).out)
