import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from safetensors.numpy import save_file

from jaxgan.errors import InputError
from jaxgan.measure.features import known
from jaxgan.measure.features.known import KNOWN, Known, find_weights, open_weights

ARRAYS = {"w": np.arange(100_000, dtype=np.float32)}
FILES = ("net-1.safetensors", "weights-net-1.safetensors")


@pytest.fixture
def content(tmp_path):
    save_file(ARRAYS, tmp_path / "made.safetensors")
    return (tmp_path / "made.safetensors").read_bytes()


@pytest.fixture
def server(content, monkeypatch):
    """A web server on this machine: what it sends can be changed, and its requests are counted."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests.append(self.path)
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(self.server.sent)

        def log_message(self, *args):
            """Says nothing."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.status, server.sent = [], 200, content
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def cache(server, digest, tmp_path, monkeypatch):
    """The folder of weights, with one known network whose file the server has."""
    url = f"http://127.0.0.1:{server.server_port}/{FILES[0]}"
    monkeypatch.setattr(known, "KNOWN", {"net": Known("net", FILES, url, digest)})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "jaxgan" / "weights"


def test_the_table_names_each_file_by_its_hash():
    assert set(KNOWN) == {"inception", "vgg16"}
    for name, entry in KNOWN.items():
        assert entry.name == name
        assert entry.url.startswith("https://")
        assert entry.url.endswith("/" + entry.files[0])
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert all(f"-{entry.sha256[:8]}.pth" in file for file in entry.files)


def test_a_file_is_downloaded_once(cache, server, content, digest, capfd):
    for _ in range(2):
        assert find_weights("net") == (cache / FILES[0], digest)
    assert server.requests == [f"/{FILES[0]}"]
    assert [path.name for path in cache.iterdir()] == [FILES[0]]
    assert (cache / FILES[0]).read_bytes() == content
    said = capfd.readouterr().err
    assert "100%" in said
    assert said.count(FILES[0]) <= 2  # from where and to where, once


def test_arrays_and_hash(cache, digest):
    arrays, found = open_weights("net")
    assert found == digest
    np.testing.assert_array_equal(arrays["w"], ARRAYS["w"])


@pytest.mark.parametrize("file", FILES)
def test_either_name_in_the_cache_will_do(file, cache, server, content, digest):
    cache.mkdir(parents=True)
    (cache / file).write_bytes(content)
    assert find_weights("net") == (cache / file, digest)
    assert server.requests == []


@pytest.mark.parametrize("fault", ["cut short", "damaged", "missing", "no server"])
def test_a_failed_download_leaves_nothing_and_says_what_to_do(
    fault, cache, server, content, digest, monkeypatch
):
    entry = known.KNOWN["net"]
    if fault == "cut short":
        server.sent = content[:-1000]
    elif fault == "damaged":
        server.sent = content[:-1] + b"!"
    elif fault == "missing":
        server.status = 404
    else:
        entry = entry._replace(url=f"http://127.0.0.1:9/{FILES[0]}")
        monkeypatch.setattr(known, "KNOWN", {"net": entry})
    with pytest.raises(InputError) as error:
        find_weights("net")
    line = str(error.value)
    assert line.startswith("weights: the net weights are not here and could not be downloaded (")
    for word in (f"put {FILES[0]} (sha256 {digest})", entry.url, str(cache), "--weights FILE"):
        assert word in line
    assert line.isprintable()
    assert list(cache.iterdir()) == []


def test_no_download_if_none_is_wished(cache, server):
    with pytest.raises(InputError, match=r"^weights: the net weights are not here: put net-1.saf"):
        find_weights("net", download=False)
    assert server.requests == []
    assert not cache.exists()


@pytest.mark.parametrize("given", [False, True])
def test_another_hash_is_an_error_and_the_file_stays(given, cache, server, content, digest):
    cache.mkdir(parents=True)
    path = cache / FILES[1]
    path.write_bytes(content[:-1])
    wrong = hashlib.sha256(content[:-1]).hexdigest()
    with pytest.raises(InputError, match=rf"^weights: .* {wrong}, not {digest}: .*delete or repl"):
        find_weights("net", str(path) if given else None)
    assert path.read_bytes() == content[:-1]
    assert server.requests == []


@pytest.mark.parametrize("name", ["net", "other"])
def test_a_file_of_another_name_is_taken_with_its_own_hash(name, cache, server, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, w=np.ones(3))
    arrays, found = open_weights(name, str(path))
    assert found == hashlib.sha256(path.read_bytes()).hexdigest()
    np.testing.assert_array_equal(arrays["w"], np.ones(3))
    assert server.requests == []


def test_a_network_without_published_weights_needs_a_file(cache):
    with pytest.raises(InputError, match=r"^weights: .*squeezenet.*--weights"):
        find_weights("squeezenet")
    with pytest.raises(InputError, match=r"^weights: there is no file .*none\.pth"):
        find_weights("squeezenet", "none.pth")
