import io
import os
import pickle
import subprocess
import sys
import warnings
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.weights.torch_file import read_torch
from tests.conftest import ROOT

torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")

DTYPES = ["float16", "bfloat16", "float32", "float64", "int64", "int32", "int16", "int8", "uint8"]
NUMBERS = np.arange(6, dtype=np.float32).tobytes()


@pytest.fixture(params=["zip", "stream"])
def save(request, tmp_path):
    """Writes by PyTorch itself, in either format."""

    def save(saved):
        path = tmp_path / "a.pth"
        torch.save(saved, path, _use_new_zipfile_serialization=request.param == "zip")
        return path

    return save


class Call:
    """Pickled as a call of ``function``, whose result is then given ``state``."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args, state)

    def __reduce__(self):
        return self.reduced


class Stored:
    """Pickled as the persistent id of a storage of 6 float32s."""

    def __init__(self, key="0", numel=6, view=None, kind=torch.FloatStorage):
        self.id = ("storage", kind, key, "cpu", numel, view)


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.id if isinstance(obj, Stored) else None


def pickled(saved):
    content = io.BytesIO()
    Pickler(content, protocol=2, fix_imports=False).dump(saved)
    return content.getvalue()


def stream(*objects):
    """A file as PyTorch wrote it before 1.6, around pickles of one's own."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, *objects, ["0"]]
    return b"".join(map(pickled, head)) + (6).to_bytes(8, "little") + NUMBERS


def zipped(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/data/0", NUMBERS)
    return path


def refused(path, words):
    with pytest.raises(InputError, match=words) as error:
        read_torch(path)
    line = str(error.value)
    assert line.startswith("weights: ")
    assert line.isprintable()
    assert "a.pth" in line


def assert_same(path):
    """Each array equals PyTorch's own reading of it."""
    expected = torch.load(path, weights_only=False)
    found = read_torch(path)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].shape == tuple(tensor.shape)
        assert str(found[name].dtype) == str(tensor.dtype).removeprefix("torch.")
        wide = tensor.detach().double().numpy()
        np.testing.assert_array_equal(found[name].astype(np.float64), wide, err_msg=name)


def test_every_type(save):
    saved = {name: torch.arange(-5, 7).to(getattr(torch, name)).reshape(3, 4) for name in DTYPES}
    assert_same(save({**saved, "bool": torch.tensor([True, False, True])}))


def test_views_of_shared_memory(save):
    memory = torch.randn(4, 5, 6)
    views = {
        "all": memory,
        "turned": memory.permute(2, 0, 1),
        "inner": memory[1:3, 2:, 1::2],
        "diagonal": memory[0].diagonal(),
        "spread": memory[0, 0].expand(3, 6),
        "number": memory[3, 4, 5],
        "empty": memory[:0],
        "nothing": torch.zeros(0),
    }
    path = save(views)
    assert_same(path)
    found = read_torch(path)
    assert np.shares_memory(found["all"], found["inner"])


def test_a_networks_state_dict_and_parameters(save):
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    assert_same(save(net.state_dict()))
    assert_same(save(dict(net.named_parameters())))


def test_a_state_dict_inside_a_checkpoint(save):
    net = torch.nn.Linear(2, 3)
    adam = {"state": {0: {"step": torch.ones(()), "mean": torch.ones(3, 2)}}, "groups": [{"lr": 1}]}
    path = save({"epoch": 3, "model": net.state_dict(), "adam": adam})
    np.testing.assert_array_equal(read_torch(path)["weight"], net.weight.detach().numpy())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64"])
def test_a_big_endian_machines_file(tmp_path, dtype):
    tensor = torch.arange(6).to(getattr(torch, dtype))
    torch.save({"a": tensor}, tmp_path / "little.pth")
    swapped = tensor.view(torch.uint8).reshape(6, -1).flip(1).numpy().tobytes()
    with (
        zipfile.ZipFile(tmp_path / "little.pth") as little,
        zipfile.ZipFile(tmp_path / "big.pth", "w") as big,
    ):
        new = {"little/byteorder": b"big", "little/data/0": swapped}
        for name in little.namelist():
            big.writestr(name, new.get(name, little.read(name)))
    assert_same(tmp_path / "big.pth")


def test_files_of_the_first_versions(tmp_path):
    """Theirs are ``_rebuild_tensor``, parameters with a state, and views of storages."""
    old = torch._utils._rebuild_tensor
    view = Call(old, Stored(view=("1", 2, 4)), 1, (3,), (1,))
    parameter = Call(
        torch.nn.parameter.Parameter,
        Call(old, Stored(), 1, (2, 2), (1, 2)),
        state=(True, False, OrderedDict()),
    )
    (tmp_path / "a.pth").write_bytes(stream(OrderedDict(view=view, parameter=parameter)))
    assert_same(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "evil,named",
    [
        (lambda path: Call(os.system, f"touch {path}"), "posix.system"),
        (lambda path: Call(eval, f"open({str(path)!r}, 'w')"), "builtins.eval"),
        (lambda path: Call(subprocess.Popen, ["touch", str(path)]), "subprocess.Popen"),
        (lambda path: OrderedDict(a=Call(open, str(path), "w")), f"{open.__module__}.open"),
    ],
)
def test_what_a_file_asks_for_is_not_run(evil, named, tmp_path):
    path, made = tmp_path / "a.pth", tmp_path / "made"
    content = pickled(evil(made))
    line = rf"a\.pth asks for {named}: it is not a state dict; nothing of it was run"
    places = [stream(evil(made)), content, stream({}, evil(made))]
    for place in places:
        path.write_bytes(place)
        refused(path, line)
    refused(zipped(path, content), line)
    assert not made.exists()
    run = pickle.loads(content)  # The same bytes do run elsewhere.
    if isinstance(run, subprocess.Popen):
        run.wait()
    assert made.exists()


@pytest.mark.parametrize("state", [{"items": 1}, (None, {"items": 1, "__defaults__": (1,)})])
@pytest.mark.parametrize("named", [OrderedDict, torch._utils._rebuild_tensor_v2])
def test_a_file_cannot_change_how_the_next_is_read(named, state, tmp_path):
    # The object itself and the state, then BUILD and STOP.
    content = pickled(named)[:-1] + pickled(state)[2:-1] + b"b."
    refused(zipped(tmp_path / "a.pth", content), "a.pth")
    torch.save(OrderedDict(a=torch.ones(2)), tmp_path / "b.pth")
    assert_same(tmp_path / "b.pth")


def test_a_strange_name_stays_on_one_line(tmp_path):
    content = b"\x80\x04\x8c\x02o\n\x8c\x03\x1b[m\x93."
    refused(zipped(tmp_path / "a.pth", content), r"asks for o\\n\.\\x1b\[m: ")


def test_a_whole_network_is_refused(save):
    refused(save(torch.nn.Linear(2, 2)), r"asks for torch\.nn\.modules\.linear\.Linear: ")


def test_every_cut_is_one_line(save):
    path = save({"weight": torch.ones(3, 2), "bias": torch.ones(3)})
    content = path.read_bytes()
    for kept in [*range(0, len(content), 29), len(content) - 1]:
        path.write_bytes(content[:kept])
        refused(path, "cut short or damaged")


def test_no_damaged_byte_raises_anything_else(save):
    path = save({"weight": torch.ones(3, 2), "bias": torch.ones(3)})
    content = path.read_bytes()
    refusals = 0
    for at in range(0, len(content), 3):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        try:
            read_torch(path)
        except InputError:
            refusals += 1
    assert refusals > 20


def test_damage_inside_a_zips_numbers_is_found(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.full((64,), 7.0)}, path)
    content = path.read_bytes()
    at = content.index(torch.full((8,), 7.0).numpy().tobytes())
    path.write_bytes(content[:at] + b"\1" + content[at + 1 :])
    refused(path, "CRC")


@pytest.mark.parametrize(
    "offset,size,stride,words",
    [
        (0, (7,), (1,), "beyond"),
        (4, (3,), (1,), "beyond"),
        (0, (2, 2), (4, 2), "beyond"),
        (0, (5,), (2**62,), "beyond"),  # Times 4 bytes it is 0 in 64 bits.
        (-1, (2,), (1,), "negative"),
        (5, (3,), (-1,), "negative"),
        (0, (-1,), (1,), "negative"),
        (0, (2, 3), (1,), "zip"),
        (0.5, (2,), (1,), "cannot read"),
        ("0", (2,), (1,), "cannot read"),
    ],
)
def test_a_tensor_lies_inside_its_storage(offset, size, stride, words, tmp_path):
    tensor = Call(torch._utils._rebuild_tensor, Stored(), offset, size, stride)
    (tmp_path / "a.pth").write_bytes(stream({"a": tensor}))
    refused(tmp_path / "a.pth", words)


@pytest.mark.parametrize(
    "stored,words",
    [
        ([Stored(), Stored(numel=3)], "two types or sizes"),
        ([Stored(), Stored(kind=torch.IntStorage)], "two types or sizes"),
        ([Stored(numel=5)], "not of 5 elements"),
        ([Stored(key="1")], "cannot read"),
    ],
)
def test_storages_that_contradict(stored, words, tmp_path):
    tensors = [Call(torch._utils._rebuild_tensor, s, 0, (2,), (1,)) for s in stored]
    (tmp_path / "a.pth").write_bytes(stream(dict(zip("ab", tensors, strict=False))))
    refused(tmp_path / "a.pth", words)


@pytest.mark.parametrize("numel", [5, 7])
def test_a_zips_storage_of_another_size(numel, tmp_path):
    tensor = Call(torch._utils._rebuild_tensor_v2, Stored(numel=numel), 0, (2,), (1,), False, None)
    words = f"storage 0 has 24 bytes, not {4 * numel}"
    refused(zipped(tmp_path / "a.pth", pickled({"a": tensor})), words)


@pytest.mark.parametrize(
    "saved,words",
    [
        ({"a": {"x": torch.ones(1)}, "b": {"x": torch.ones(1)}}, r"several state dicts \(a, b\)"),
        ({"a": {"x": torch.ones(1)}, "b": torch.ones(1)}, r"no state dict \(a\)"),
        ({"a": torch.ones(1), "b": 3}, r"no state dict \(a, b\)"),
        ({"state": {"x": 1}}, r"no state dict \(state\)"),
        ({}, r"no state dict \(empty\)"),
        (torch.ones(3), r"no state dict \(Tensor\)"),
        ([torch.ones(3)], r"no state dict \(list\)"),
    ],
)
def test_no_state_dict_or_several(saved, words, save):
    refused(save(saved), words)


def test_torchscript_is_named(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It is deprecated, and its files are about.
        torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "a.pth")
    refused(tmp_path / "a.pth", r"TorchScript, which holds code.*pt_inception.*pth or vgg16")


def test_other_files(tmp_path):
    path = tmp_path / "a.pth"
    np.savez(tmp_path / "a.npz", a=np.ones(2))
    path.write_bytes((tmp_path / "a.npz").read_bytes())
    refused(path, "not one that PyTorch wrote")
    path.write_bytes(pickle.dumps({"a": 1}))
    refused(path, "not one that PyTorch wrote")
    path.write_bytes(b"<html>Not Found</html>")
    refused(path, "cannot read")


def test_pytorch_is_not_needed(save):
    path = save({"a": torch.ones(2)})
    code = f"""
import sys
sys.modules["torch"] = None
from jaxgan.weights.torch_file import read_torch
print(read_torch({str(path)!r})["a"].sum())
"""
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert out.stdout.strip() == "2.0", out.stderr
