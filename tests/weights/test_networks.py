"""Files of networks: nothing in them is run, and damage is one line."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgan.errors import InputError
from jaxgan.weights.networks import read_networks

torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")

import published_networks as published


class Small(published.Persistent):
    def __init__(self):
        super().__init__(size=3, beta=0.5, on=True, name="a", gain=np.float64(2))
        self.parameter("weight", 2, 3)
        self.low = torch.nn.Parameter(torch.tensor([0.5, 2.0], dtype=torch.float16))
        self.buffer("turned", torch.arange(6.0).reshape(2, 3).T)
        self.inner = published.Dense(3, 2)
        self.nothing = None


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.pkl"


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_arrays_and_fields_by_name(path, protocol):
    net = Small()
    path.write_bytes(published.dumped({"G": net, "augment_pipe": Small()}, protocol))
    found = read_networks(path)
    assert list(found) == ["G"]
    state = net.state_dict()
    assert set(found["G"].arrays) == set(state)
    for name, tensor in state.items():
        np.testing.assert_array_equal(found["G"].arrays[name], tensor.numpy(), err_msg=name)
        assert found["G"].arrays[name].dtype == tensor.numpy().dtype
    g = found["G"]
    assert (g.field("size", int), g.field("beta", float), g.field("on", bool)) == (3, 0.5, True)
    assert g.field("nothing", type(None)) is None
    assert g.field("inner.activation", str) == "linear"
    for name, kind in {"size": bool, "on": int, "gain": float, "more": int}.items():
        with pytest.raises(InputError, match=rf"^weights: G has no attribute {name} that is of"):
            g.field(name, kind)


def test_tensors_of_one_storage_share_it(path):
    net = Small()
    net.first, net.second = (torch.nn.Parameter(net.weight.data[i]) for i in (0, 1))
    path.write_bytes(published.dumped({"G": net}))
    arrays = read_networks(path)["G"].arrays
    np.testing.assert_array_equal(arrays["second"], net.weight[1].detach().numpy())
    assert not arrays["first"].flags.writeable


class Evil:
    """Pickled as a call of the shell."""

    def __init__(self, made):
        self.made = made

    def __reduce__(self):
        return os.system, (f"touch {self.made}",)


def places(evil, network):
    """The same call at each place where a file could make it."""
    yield evil
    yield {"G": evil}
    yield {"G": network, "training_set_kwargs": evil}
    network.extra = evil
    yield {"G": network}
    del network.extra
    network._modules["inner"] = evil
    yield {"G": network}


def outcome(path):
    """ "network" where there is one, else the first word of the error, and the error."""
    try:
        found = read_networks(path)
    except InputError as error:
        return str(error).split(":")[0], str(error)
    return ("network", "") if "G" in found else ("", "")


def test_nothing_in_a_file_is_run(path, tmp_path):
    made, source = tmp_path / "made", tmp_path / "source"
    Small.source = f"open({str(source)!r}, 'w')"
    for saved in places(Evil(made), Small()):
        path.write_bytes(published.dumped(saved))
        assert outcome(path)[0] in ("network", "weights")
        assert not made.exists()
        assert not source.exists()
    pickle.loads(pickle.dumps(Evil(made)))  # The same call does run elsewhere.
    assert made.exists()


def test_a_storages_own_pickle_is_not_run_either(path, tmp_path):
    made = tmp_path / "made"
    content = published.dumped({"G": Small()})
    evil = pickle.dumps(Evil(made), protocol=2)
    at = content.index(b"\x80\x02\x8a\nl\xfc\x9cF")  # The first storage's first bytes.
    size = int.from_bytes(content[at - 4 : at], "little")
    changed = content[: at - 4] + len(evil).to_bytes(4, "little") + evil + content[at + size :]
    path.write_bytes(changed)
    with pytest.raises(InputError, match=r"asks for posix\.system: it is not a state dict; nothi"):
        read_networks(path)
    assert not made.exists()


@pytest.mark.parametrize(
    ("saved", "line"),
    [
        ({"a": 1}, "holds none of the networks G, D, G_ema; give a pickle of"),
        ({"G": {"weight": 1}}, "holds none of the networks"),
        ([1], "holds none of the networks"),
        ({1: 2}, r"cannot read .* \(a dict of names is missing\)"),
    ],
)
def test_other_pickles_are_refused(saved, line, path):
    path.write_bytes(pickle.dumps(saved, protocol=4))
    with pytest.raises(InputError, match=f"^weights: .*{line}"):
        read_networks(path)


def test_a_missing_or_empty_file(path):
    with pytest.raises(InputError, match=r"^weights: there is no file"):
        read_networks(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"^weights: cannot read"):
        read_networks(path)


def test_modules_inside_themselves_end(path):
    net = Small()
    net._modules["inner"] = net
    path.write_bytes(published.dumped({"G": net}, 4))
    with pytest.raises(InputError, match=r"^weights: "):
        read_networks(path)


CONTENT = published.dumped({"G": Small()})


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.binary(max_size=4)), max_size=3),
    st.integers(0, 2 * len(CONTENT)),
)
def test_damage_is_one_line_or_a_network(tmp_path_factory, edits, kept):
    content = bytearray(CONTENT)
    for at, new in edits:
        content[at : at + len(new)] = new
    path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(bytes(content[:kept]))
    kind, line = outcome(path)
    assert kind in ("network", "weights")
    assert line.isprintable()
