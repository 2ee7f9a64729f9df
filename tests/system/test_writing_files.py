"""Files written whole, and the cache directory."""

import pytest

from jaxgan.system.files import cache_directory, write_whole


@pytest.mark.parametrize("data", ["text", b"text", lambda file: file.write(b"text")])
def test_a_file_is_written_whole(data, tmp_path):
    write_whole(tmp_path / "x", data)
    assert (tmp_path / "x").read_bytes() == b"text"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    def fails(file):
        file.write(b"half")
        raise OSError("no space left")

    write_whole(tmp_path / "x", "old")
    with pytest.raises(OSError, match="no space left"):
        write_whole(tmp_path / "x", fails)
    assert (tmp_path / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_cache_follows_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "jaxgan"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory() == tmp_path / ".cache" / "jaxgan"
