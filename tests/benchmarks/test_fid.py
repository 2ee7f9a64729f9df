"""The benchmark of FID: its contenders compute the same, and its columns are what they say."""

import json

import numpy as np
import pytest

from benchmarks import fid

pytest.importorskip("benchmarks.peers.torch_features", reason="the contenders are PyTorch's")


@pytest.mark.peers
def test_contenders_of_the_distance_agree(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(fid, "SIZE", 12)
    monkeypatch.setattr(fid, "PAUSE", 0)
    args = ["--n", "300", "700", "--rounds", "1", "--parts", "distance"]
    fid.main([*args, "--out", str(tmp_path / "x.json")])
    rows = json.loads((tmp_path / "x.json").read_text())["distance"]
    assert [row["contender"] for row in rows] == ["jaxgan", "torch-fidelity", "pytorch-fid"]
    for n in (300, 700):
        found = [row[f"fid_{n}"] for row in rows]
        assert found == pytest.approx([found[0]] * 3, rel=1e-3)
        assert all(row[f"moments_{n}"] > 0 < row[f"distance_{n}"] for row in rows)
    assert "| pytorch-fid |" in capsys.readouterr().out


def test_features_are_windows_by_turns(monkeypatch):
    order, clock = [], iter(np.cumsum([0, 2, 0, 4, 0, 6, 0, 3, 0, 9, 0, 6]))
    seconds = {"jaxgan": [2, 3], "torch-fidelity": [4, 9], "pytorch-fid": [6, 6]}

    def contender(name):
        return lambda weights, command: lambda images: order.append((name, len(images)))

    made = {name: contender(name) for name in seconds}
    monkeypatch.setattr(fid, "EXTRACTORS", made | {"no-package": contender("no-package")})
    monkeypatch.setattr(fid, "PAUSE", 0)
    monkeypatch.setattr(fid.time, "perf_counter", lambda: float(next(clock)))
    rows = fid.measure_features(
        fid.Command(n=(100,), images=10, batch_size=2, rounds=2, weights="none")
    )
    assert order[:3] == [(name, 4) for name in seconds]  # to compile and to warm up
    assert order[3:] == [(name, 10) for name in seconds] * 2
    by_name = {row["contender"]: row for row in rows}
    assert by_name["jaxgan"]["images_per_second"] == 10 / 2.5
    assert by_name["torch-fidelity"]["ratio"] == (4 / 2 + 9 / 3) / 2
    assert by_name["pytorch-fid"]["features_100"] == 60
