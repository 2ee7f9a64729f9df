"""Records: means over the steps, lazily computed metrics, interrupted files."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError, NotFiniteError
from jaxgan.run.logging import Logger, read_records


@pytest.fixture
def logger(tmp_path):
    log = Logger(tmp_path, start=0, steps=10, images=lambda step: 4 * step)
    yield log
    log.close()


def test_a_record_is_the_mean_since_the_last_one(logger, tmp_path):
    for step, value in enumerate([1.0, 2.0, 6.0], 1):
        logger.add(step, {"g_loss": jnp.asarray(value)})
    logger.flush()
    logger.flush()  # nothing new, no record
    (record,) = read_records(tmp_path / "metrics.jsonl")
    assert record["step"] == 3
    assert record["images"] == 12
    assert record["g_loss"] == pytest.approx(3.0)
    assert record["images_per_second"] > 0


def test_images_per_second_exclude_pauses_and_the_import_of_tensorboard(tmp_path, monkeypatch):
    import tensorboardX

    now = 0.0

    def wait(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr("jaxgan.run.logging.time.perf_counter", lambda: now)
    writer = tensorboardX.SummaryWriter
    monkeypatch.setattr(tensorboardX, "SummaryWriter", lambda *a, **k: wait(50) or writer(*a, **k))
    log = Logger(tmp_path, start=0, steps=10, images=lambda step: 4 * step)
    for step in (1, 2):
        wait(2)
        with log.paused(), log.paused():
            wait(10)
        log.add(step, {"loss": jnp.asarray(1.0)})
        log.flush()
    log.close()
    assert [record["images_per_second"] for record in log.records] == [2.0, 2.0]


def test_skipped_metrics_leave_the_mean_alone(logger):
    nan = jnp.asarray(np.nan)
    for step, lazy in enumerate([jnp.asarray(4.0), nan, nan], 1):
        logger.add(step, {"r1": lazy, "never": nan})
    logger.flush()
    assert logger.records[-1]["r1"] == 4.0
    assert "never" not in logger.records[-1]


def test_the_first_step_that_is_not_finite_is_named_with_its_player(logger):
    for step in range(1, 6):
        norm = jnp.asarray(np.inf if step >= 4 else 1.0)
        logger.add(step, {"critic_param_norm": norm, "generator_param_norm": jnp.asarray(1.0),
                          "critic_loss": jnp.asarray(7.0)})  # fmt: skip
    with pytest.raises(InputError, match=r"step 4: the parameters of critic are.*critic_loss 7"):
        logger.flush()


def test_a_loss_that_is_inf_is_broken_and_one_that_was_skipped_is_not(logger):
    losses = [1.0, np.nan, np.nan, np.inf]
    for step, value in enumerate(losses, 1):
        logger.add(step, {"d_loss": jnp.asarray(value), "d_param_norm": jnp.asarray(1.0),
                          "wild_grad_norm": jnp.asarray(np.inf)})  # fmt: skip
        if step == 3:
            logger.flush()
    with pytest.raises(NotFiniteError, match=r"step 4: a loss is not finite \(d_loss inf\)"):
        logger.flush()


def test_a_report_is_of_all_since_the_last_one_and_joins_the_steps_record(logger, tmp_path, capsys):
    rates = [1.0, 0.0, 0.8, 0.2, 0.4]
    for step, rate in enumerate(rates, 1):
        logger.add(step, {"real_rate": jnp.asarray(rate)})
        if step in (1, 4, 5):  # records of 1, 3 and 1 steps
            logger.flush()
        if step == 4:
            logger.report(4, {"diversity": 0.02})
    logger.report(5, {})
    said = capsys.readouterr().out
    assert "step 4: D accepts 50% of real images; diversity 0.02 of the data's. Warning: " in said
    assert "step 5: D accepts 40% of real images" in said
    records = read_records(tmp_path / "metrics.jsonl")
    assert records == logger.records
    assert [record["step"] for record in records] == [1, 4, 5]
    assert records[1]["real_rate"] == pytest.approx(1 / 3)
    assert records[1]["diversity"] == 0.02
    assert records[1]["warning"] == "the generator has collapsed to few images"
    assert records[2].keys() == {"step", "images", "images_per_second", "real_rate"}


def test_pauses_do_not_count(logger, monkeypatch):
    clock = iter([100.0, 110.0, 112.0, 120.0]).__next__
    logger._since = 100.0
    monkeypatch.setattr("jaxgan.run.logging.time.perf_counter", clock)
    clock()
    logger.add(1, {"g_loss": jnp.asarray(0.0)})
    with logger.paused():  # from 110 to 112
        pass
    monkeypatch.setattr("jaxgan.run.logging.time.perf_counter", lambda: 104.0)
    logger.flush()
    assert logger.records[-1]["images_per_second"] == pytest.approx(4 / (104 - 102))


def test_a_line_cut_short_and_steps_past_the_checkpoint_are_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"step": step, "images": step}) for step in (5, 10, 15)]
    path.write_text("\n".join(lines) + '\n{"step": 20, "ima')
    log = Logger(tmp_path, start=10, steps=20, images=lambda step: step)
    log.close()
    assert [r["step"] for r in read_records(path)] == [5, 10]


def test_what_is_not_finite_is_no_number_in_the_file(logger, tmp_path):
    logger.record(1, {"a": np.inf, "b": float("nan"), "c": 1.0, "warning": "none"})
    text = (tmp_path / "metrics.jsonl").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == {
        "step": 1, "a": None, "b": None, "c": 1.0, "warning": "none",
    }  # fmt: skip
    assert read_records(tmp_path / "metrics.jsonl") == [{"step": 1, "c": 1.0, "warning": "none"}]


def test_a_start_that_fails_to_write_loses_no_record(tmp_path, monkeypatch):
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps({"step": 5, "images": 5}) + "\n")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jaxgan.system.files.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        Logger(tmp_path, start=10, steps=20, images=lambda step: step)
    assert [r["step"] for r in read_records(path)] == [5]


def test_the_warning_of_a_long_collapse_says_what_to_change(logger, capsys):
    for step in (2, 4):  # of 10
        logger.report(step, {"diversity": 0.01})
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("Warning: the generator has collapsed to few images")
    assert "Warning: the generator has collapsed to few images, for 2 steps now: raise" in second
    assert logger.records[-1]["warning"] == "the generator has collapsed to few images"


@pytest.fixture
def of_three(tmp_path):
    log = Logger(tmp_path, start=0, steps=10, images=lambda step: 4 * step, size=3)
    yield log
    log.close()


def test_a_record_of_members_holds_mean_deviation_and_each(of_three):
    for step in (1, 2):
        of_three.add(step, {"d_loss": jnp.asarray([1.0, 2.0, 6.0]) * step})
    together = {"r1": jnp.asarray([[1.0, np.nan, 3.0], [3.0, np.nan, 7.0]])}
    of_three.add(4, together, 2)
    of_three.flush()
    record = of_three.records[-1]
    assert [record[f"d_loss/{i}"] for i in range(3)] == [1.5, 3.0, 9.0]
    assert record["d_loss"] == pytest.approx(4.5)
    assert record["d_loss_std"] == pytest.approx(np.std([1.5, 3.0, 9.0], ddof=1))
    assert (record["r1/0"], record["r1/2"], record["r1"]) == (2.0, 5.0, 3.5)
    assert "r1/1" not in record  # it was not computed


def test_a_member_that_is_not_finite_is_named(of_three):
    of_three.add(1, {"d_loss": jnp.asarray([1.0, 2.0, np.inf])})
    with pytest.raises(NotFiniteError, match=r"step 1: member 2: a loss is not .* \(d_loss inf"):
        of_three.flush()


def test_the_health_of_members_is_their_mean_and_warnings_name_them(of_three, capsys):
    rates = {"real_rate": jnp.asarray([1.0, 0.5, 0.99]), "d_loss": jnp.asarray([1.0, 2.0, 3.0])}
    for step in (1, 2):
        of_three.add(step, rates)
        of_three.flush()
        of_three.report(step, {"diversity": 0.6}, {"diversity": 0.01}, {"diversity": 0.8})
    text = capsys.readouterr().out
    assert "step 2: 3 members: d_loss 2 ± 1, diversity 0.47 ± 0.41" in text
    assert "D accepts 83% of real images" in text
    warning = of_three.records[-1]["warning"]
    assert "member 1: the generator has collapsed to few images" in warning
    assert "members 0, 2: D may be memorising" in warning
    assert "D_STD" not in text
