"""Files with bytes changed at random: they are read or refused in a line, nothing else."""

import gzip
import io
import resource
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgan.data.sources.idx import open_idx
from jaxgan.data.sources.npz import open_npz
from jaxgan.data.sources.series import open_series
from jaxgan.data.sources.table import open_table
from jaxgan.errors import InputError

bounded = settings(max_examples=100, deadline=None, derandomize=True, database=None)

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), np.uint8)
LABELS = np.array([0, 4, 1, 1, 0, 2])


def archive(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **(arrays or {"images": IMAGES, "labels": LABELS}))
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(**members):
    """An .npz file of what may be no arrays, with sound check sums."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def idx(array, shape=None):
    shape = shape or array.shape
    return struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape) + array.tobytes()


ROWS = b"x,y,kind\n1,2.5,4\n-3e2,0,5\n\n7,8,4\n"
TIMES = b"time,a,b\n" + b"".join(b"2024-01-%02d 12:00,%d,-1\n" % (i, i) for i in range(1, 9))
FILES = {
    "npz": [archive(), archive(np.savez_compressed)],
    "images": [npy(IMAGES), npy(IMAGES.astype(np.uint16))],
    "labels": [npy(LABELS)],
    "idx": [idx(IMAGES), gzip.compress(idx(IMAGES), mtime=0)],
    "table": [ROWS, ROWS.replace(b",4\n", b",up\n"), ROWS.replace(b",", b";")],
    "series": [TIMES, ROWS, TIMES.replace(b"2024-01-", b"").replace(b" 12:00", b"")],
}
PIECES = [
    b"\xff" * 4, b"\x00" * 4, b"\x7f\xff\xff\xff", b"(999999999, 999999, 4)", b"'|O'", b"'<m8'",
    b"\n", b",", b'"', b"1" * 400, b"inf", b"-", b"0001-01-01", b"9999-12-31T23:59:59+14:00",
    b"\x1f\x8b", b"PK\x03\x04",
]  # fmt: skip


@st.composite
def damaged(draw, kind):
    """A file of a kind with some of its bytes changed, added, taken away or cut off."""
    content = bytearray(draw(st.sampled_from(FILES[kind])))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(content) - 1, 0)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(min_size=1, max_size=3)))
        match draw(st.sampled_from(["flip", "write", "insert", "delete", "cut"])):
            case "flip" if content:
                content[start] ^= 1 << draw(st.integers(0, 7))
            case "write":
                content[start : start + len(piece)] = piece
            case "insert":
                content[start:start] = piece
            case "delete":
                del content[start : start + draw(st.integers(1, 40))]
            case "cut":
                del content[start:]
    return bytes(content)


OPENERS = {
    "npz": open_npz,
    "images": open_npz,
    "labels": open_npz,
    "idx": open_idx,
    "table": lambda path: open_table(path, "kind"),
    "series": lambda path: open_series(path, 2, 1),
}


def opened(path, kind, content):
    """What a file gives; None where it is refused in one line."""
    if kind in ("images", "labels"):
        content = zipped(**{"images": npy(IMAGES), "labels": npy(LABELS), kind: content})
    path.write_bytes(content)
    try:
        return OPENERS[kind](str(path))
    except InputError as error:
        line = str(error)
    assert "\n" not in line
    assert line.startswith("data.")
    return None


@pytest.mark.filterwarnings("ignore")  # NumPy's and zipfile's own, of odd headers
@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_read_or_refused(tmp_path, kind):
    path = tmp_path / "file"
    assert len(opened(path, kind, FILES[kind][0])) > 0

    @bounded
    @given(damaged(kind))
    def check(content):
        source = opened(path, kind, content)
        if source is not None:
            assert source.example(len(source) - 1).keys() == source.features.keys()
            assert source.labels is None or source.labels.min() >= 0

    check()


@pytest.mark.parametrize("items", [10**8, 10**16])
def test_a_declared_size_alone_takes_no_memory(tmp_path, items):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    header = npy(IMAGES).replace(b"(6, 4, 5)", f"({items}, 4, 5)".encode())[
        : npy(IMAGES).index(b"\n")
    ]
    assert opened(tmp_path / "file", "images", header) is None
    assert opened(tmp_path / "file", "idx", idx(IMAGES, (items % 2**32, 4, 5))) is None
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 2**10  # KiB
