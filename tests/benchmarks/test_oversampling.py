import sys

import pytest

from benchmarks import oversampling


@pytest.mark.slow
def test_a_table_of_four_ways(monkeypatch, capsys):
    args = ["oversampling", "--steps", "2", "--folds", "1"]
    monkeypatch.setattr(sys, "argv", args)
    oversampling.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows] == [
        "eights", "---", "as they are", "repeated", "weighted", "the GAN's",
    ]  # fmt: skip
    plain = float(rows[2].split("|")[2].split("%")[0])
    repeated = float(rows[3].split("|")[2].split("%")[0])
    assert 20 < plain < repeated
