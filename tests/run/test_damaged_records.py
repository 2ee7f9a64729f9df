"""config.json and metrics.jsonl as anybody may have left them: one line, or they are read."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaxgan.errors import InputError
from jaxgan.run.logging import Logger, read_records
from jaxgan.run.opened import open_run
from jaxgan.run.pictures import write_curves
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("damaged records")  # one worker: they share a fixture

BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("damaged") / "run"
    run = small_run(ALGORITHMS["gan"], out, steps=1)
    train(replace(run, data=replace(run.data, on_device=True)))  # without TensorFlow
    return out


@pytest.fixture(scope="module")
def content(out):
    return json.loads((out / "config.json").read_text())


def places(value, path=()):
    """The path of every value below one."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def changed(content, path, value):
    content = json.loads(json.dumps(content))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


def opens(out, text):
    """The line of a run with that config; "" where it opens."""
    path = out / "config.json"
    before, line = path.read_bytes(), ""
    path.write_bytes(text)
    try:
        open_run(out)
    except InputError as error:
        line = str(error)
    finally:
        path.write_bytes(before)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    "text,words",
    [
        (b"\xff\xfe{}", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[" * 500 + b"]" * 500, "nested too deeply"),
        (b"1" * 5000, "is not JSON"),
        (b"[]", "was not made by jaxgan"),
    ],
)
def test_bytes_that_are_no_config(text, words, out):
    assert words in opens(out, text)


@pytest.mark.parametrize(
    "path,value,words",
    [
        (("jaxgan",), 2, "is of version 2; this jaxgan reads 1: update it"),
        (("run",), [], "was not made by jaxgan"),
        (("run", "type"), ["GAN"], "is not a part of jaxgan"),
        (("run", "type"), "GAN", "config.json: GAN: "),
        (("run", "steps"), "many", "config.json: Run.steps: "),
        (("run", "algorithm"), 3, "its method cannot be built"),
        (("run", "algorithm", "generator"), {"type": "PatchGAN"}, "cannot be built"),
        (("run", "algorithm", "generator", "hidden"), 0, "hidden: 0 is below 1"),
        (("run", "algorithm", "ema_decay"), float("nan"), "ema_decay: nan is not a finite"),
        (("spec", "planet"), "Mars", ""),
        (("spec", "steps"), None, "made by another jaxgan"),
        (("scaling",), {"row": "x"}, "made by another jaxgan"),
    ],
)
def test_wrong_types_are_named(path, value, words, out, content):
    assert words in opens(out, json.dumps(changed(content, path, value)).encode())


@BOUNDED
@given(st.data())
def test_any_value_anywhere_is_read_or_one_line(out, content, data):
    path = data.draw(st.sampled_from(list(places(content))))
    value = data.draw(JSON)
    opens(out, json.dumps(changed(content, path, value)).encode())


@BOUNDED
@given(st.data())
def test_any_damaged_bytes_are_read_or_one_line(out, content, data):
    text = bytearray(json.dumps(content).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    opens(out, bytes(text))


LINES = st.lists(JSON.map(json.dumps).map(str.encode) | st.binary(max_size=20), max_size=6)


@BOUNDED
@given(LINES)
def test_any_metrics_are_read_and_gone_on_with(tmp_path, lines):
    good = [b'{"step": 1, "loss": 2.5}', b'{"step": 3, "loss": 1.5, "warning": "none"}']
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"\n".join([good[0], *lines, good[1]]))
    records = read_records(path)
    assert records[0]["loss"] == 2.5
    assert records[-1] == {"step": 3, "loss": 1.5, "warning": "none"}


@pytest.mark.parametrize(
    "line", ["[1]", "3", "null", '{"loss": 1}', '{"step": "x"}', '{"step": -1}', '{"step": true}']
)
def test_a_line_that_is_no_record_is_left_out(line, tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 1, "a": 1}}\n{line}\n{{"step": 2, "a": [2], "b": 1{"0" * 400}}}\n')
    assert read_records(path) == [{"step": 1, "a": 1}, {"step": 2}]
    Logger(tmp_path, start=2, steps=4, images=lambda step: step).close()
    assert read_records(path) == [{"step": 1, "a": 1}, {"step": 2}]
    write_curves(tmp_path / "losses.png", read_records(path))
