"""Pickles as data: equal to Python's own reading of plain data, and no call is ever made."""

import io
import os
import pickle
import pickletools
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jaxgan.errors import InputError
from jaxgan.weights.pickled import Call, Name, read_pickle
from jaxgan.weights.torch_file import readable

KEYS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    KEYS | st.binary(),
    lambda x: st.lists(x) | st.dictionaries(KEYS, x) | st.tuples(x) | st.tuples(x, x, x, x),
    max_leaves=20,
)


class Asks:
    """Pickled as a call of a function."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args, state)

    def __reduce__(self):
        return self.reduced


def read(content):
    return read_pickle(io.BytesIO(content), "a.pkl")


@settings(max_examples=60, deadline=None)
@given(DATA, st.sampled_from([3, 4]))
def test_plain_data_are_as_python_reads_them(data, protocol):
    assert read(pickle.dumps(data, protocol=protocol)) == data


def test_objects_that_stand_twice_are_one():
    shared = [1]
    found = read(pickle.dumps({"a": shared, "b": (shared, {2})}))
    assert found["a"] is found["b"][0]
    assert found["b"][1] == [2]


def test_calls_are_records():
    found = read(pickle.dumps([Asks(os.getcwd, state={"a": 1}), len], protocol=4))
    call, name = found
    assert isinstance(call, Call)
    assert (call.function, call.args, call.state) == ("posix.getcwd", (), {"a": 1})
    assert name == Name("builtins.len")


@pytest.mark.parametrize("protocol", [3, 4])
def test_what_a_pickle_asks_for_is_not_run(tmp_path, protocol):
    made = tmp_path / "made"
    content = pickle.dumps({"G": Asks(os.system, f"touch {made}")}, protocol=protocol)
    found = read(content)
    assert found["G"].args == (f"touch {made}",)
    assert not made.exists()
    pickle.loads(content)  # The same bytes do run elsewhere.
    assert made.exists()


@pytest.mark.parametrize(
    ("content", "opcode"),
    [
        (b"\x80\x02cos\nsystem\n(S'true'\ntR.", "STRING"),
        (b"\x80\x02(cos\nsystem\no.", "OBJ"),
        (b"\x80\x02(ios\nsystem\n.", "INST"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "BINPERSID"),
        (b"\x80\x04cos\nsystem\n)}\x92.", "NEWOBJ_EX"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
    ],
)
def test_other_instructions_are_refused(content, opcode):
    with pytest.raises(InputError, match=f"a.pkl has the pickle instruction {opcode}, which"):
        read(content)


RUN = []


def run(*args):
    """What the damaged pickles below ask for."""
    RUN.append(args)


BASE = pickle.dumps(
    {"G": Asks(run, {"state": {"a": [1.5, (2,)], "b": b"xyz"}}, state={"c": None})}, protocol=4
)
OPCODES = st.sampled_from([op.code.encode("latin1") for op in pickletools.opcodes])


def outcome(content):
    """The error's line, or nothing for data."""
    try:
        with readable(Path("a.pkl")):
            read(content)
    except InputError as error:
        return str(error)
    return ""


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(BASE) - 1), OPCODES | st.binary(max_size=3)), max_size=3),
    st.integers(0, len(BASE)),
)
@example([], 0)
def test_damage_is_an_error_or_data_and_runs_nothing(edits, kept):
    content = bytearray(BASE)
    for at, new in edits:
        content[at : at + len(new)] = new
    line = outcome(bytes(content[: kept or None]))
    assert line == "" or (line.startswith("weights: ") and line.isprintable())
    assert RUN == []


@settings(max_examples=100, deadline=None)
@given(st.lists(OPCODES | st.binary(max_size=2), max_size=30).map(b"".join))
def test_any_program_is_an_error_or_data(content):
    line = outcome(content + b".")
    assert line == "" or (line.startswith("weights: ") and line.isprintable())
