import hashlib

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from jaxgan.errors import InputError
from jaxgan.weights.files import read_weights, sha256

ARRAYS = {
    "conv1/w": np.random.default_rng(0).normal(size=(3, 2, 5, 5)).astype(np.float32),
    "conv1/b": np.arange(3, dtype=np.float16),
    "steps": np.array(7),
}


def save_npz(path):
    np.savez(path.open("wb"), **ARRAYS)


def save_torch(path):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    torch.save({name: torch.from_numpy(array) for name, array in ARRAYS.items()}, path)


WRITERS = {
    "a.npz": save_npz,
    "A.NPZ": save_npz,
    "a.safetensors": lambda path: save_file(ARRAYS, path),
    "a.pth": save_torch,
    "a.b.pt": save_torch,
}


@pytest.fixture(params=WRITERS)
def path(request, tmp_path):
    WRITERS[request.param](tmp_path / request.param)
    return tmp_path / request.param


def test_each_kind_of_file(path):
    found = read_weights(str(path))
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_every_cut_is_one_line(path):
    content = path.read_bytes()
    for kept in (0, 3, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:kept])
        with pytest.raises(InputError, match=r"^weights: cannot read .*cut short or damaged") as e:
            read_weights(path)
        assert str(e.value).isprintable()


def test_bfloat16_in_safetensors(tmp_path):
    array = np.array([1.5, -2, 3e38], ml_dtypes.bfloat16)
    header = b'{"a": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}'
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + array.tobytes())
    found = read_weights(path)["a"]
    assert found.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(found, array)


def test_what_is_possible_is_named(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"")
    possible = r"\.pth, \.pt, \.safetensors, \.npz"
    with pytest.raises(InputError, match=rf"^weights: .*a\.h5 ends in none of {possible}"):
        read_weights(tmp_path / "a.h5")
    with pytest.raises(InputError, match=rf"^weights: there is no file .*b\.pth.* {possible}"):
        read_weights(tmp_path / "b.pth")
    with pytest.raises(InputError, match="there is no file"):
        read_weights(tmp_path)


def test_an_npz_of_one_array_or_of_objects(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    path = tmp_path / "a.npz"
    np.save(path.open("wb"), np.ones(3))
    with pytest.raises(InputError, match=r"is one array: .*np\.savez"):
        read_weights(path)
    np.savez(path, a=np.array([Trap()], object))
    with pytest.raises(InputError, match=r"^weights: cannot read .*a\.npz"):
        read_weights(path)
    assert not (tmp_path / "executed").exists()


def test_the_hash_is_of_the_whole_file(tmp_path):
    content = np.random.default_rng(0).bytes(300_000)
    (tmp_path / "a").write_bytes(content)
    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
