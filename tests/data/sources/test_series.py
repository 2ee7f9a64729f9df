from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jaxgan.core import Feature
from jaxgan.data.sources.series import open_series, read_series
from jaxgan.errors import InputError


@pytest.fixture
def write(tmp_path):
    def save(rows: list[str], header: str = "v") -> str:
        (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
        return str(tmp_path / "a.csv")

    return save


def starts(text: str, past: int = 2, future: int = 1) -> list[int]:
    """The first value of each window, of a series whose values are its row numbers."""
    source = open_series(text, past, future)
    past_rows, future_rows = source.arrays["past"][..., -1], source.arrays["future"][..., -1]
    whole = np.concatenate([past_rows, future_rows], axis=1)
    assert (np.diff(whole, axis=1) == 1).all()
    np.testing.assert_array_equal(source.windows.spans[:, 0], whole[:, 0])
    return whole[:, 0].astype(int).tolist()


def test_windows_of_a_whole_series(write):
    text = write([f"{10 * i},{i}" for i in range(8)], "a,b")
    source = open_series(text, 3, 2)
    assert source.features == {
        "past": Feature("array", (3, 2)), "future": Feature("array", (2, 2)),
    }  # fmt: skip
    assert (len(source), source.columns) == (4, ("a", "b"))
    np.testing.assert_array_equal(source.example(1)["past"], [[10, 1], [20, 2], [30, 3]])
    np.testing.assert_array_equal(source.example(1)["future"], [[40, 4], [50, 5]])
    assert starts(text) == [0, 1, 2, 3, 4, 5]


def test_no_window_crosses_an_empty_line_or_a_missing_value(write):
    rows = [str(i) for i in range(12)]
    rows[4], rows[8] = "", "nan"
    assert starts(write(rows)) == [0, 1, 5, 9]
    rows = [f"0,{i}" for i in range(12)]
    rows[4], rows[8] = "", "NA,8"
    assert starts(write(rows, "a,b")) == [0, 1, 5, 9]


@pytest.mark.parametrize("header", ["time,v", "date,v", "when,v"])
def test_no_window_crosses_a_gap_in_time(write, header):
    """Rows 0 to 4, a gap of an hour, rows 5 to 9; dates under any name, numbers under ``time``."""
    hours = [i + (i > 4) for i in range(10)]
    dates = [datetime(2024, 1, 1) + timedelta(hours=h) for h in hours]
    numbers = header == "time,v"
    times = [
        str(3600 * h) if numbers else d.isoformat(" ") for h, d in zip(hours, dates, strict=True)
    ]
    text = write([f"{t},{i}" for i, t in enumerate(times)], header)
    assert open_series(text, 2, 1).columns == ("v",)
    assert starts(text) == [0, 1, 2, 5, 6, 7]


def test_months_are_even_and_a_month_that_is_left_out_is_not(write):
    months = [(2023 + m // 12, m % 12 + 1) for m in range(14)]
    rows = [f"{y}-{m:02}-01,{i}" for i, (y, m) in enumerate(months)]
    assert starts(write(rows, "date,v"), 3, 1) == list(range(11))
    rows = [f"{y}-{m:02}-01,{i}" for i, (y, m) in enumerate(months[:6] + months[7:])]
    assert starts(write(rows, "date,v"), 3, 1) == [0, 1, 2, 6, 7, 8, 9]


def test_a_first_column_of_values_is_a_column(write):
    assert open_series(write(["1,2"] * 4, "a,b"), 2, 1).columns == ("a", "b")


def test_a_series_to_apply_a_run_to(write, tmp_path):
    write(["2024-01-01,7,5,x", "2024-01-02,8,6,y"], "day,b,a,note")
    series = read_series(tmp_path / "a.csv", ("a", "b"))
    np.testing.assert_array_equal(series.rows, [[5, 7], [6, 8]])
    assert series.times == ("2024-01-01", "2024-01-02")
    assert not series.broken.any()


@pytest.mark.parametrize(
    "rows,header,message",
    [
        (["1", "2", "x"], "v", r"data\.source: column 'v' of .* has 'x' in line 4"),
        (["1", "2"], "v", r"data\.past: 2 and data\.future 1 are 3 rows, and the longest .* has 2"),
        (["2024-01-01,1", "2024-01-01,2"], "t,v", r"data\.source: the times .* in line 3: sort"),
        (["5,1", "4,2", "3,1"], "time,v", r"data\.source: the times in column 'time' .* line 3"),
        (["2024-01-01,1", "soon,2"], "t,v", r"data\.source: column 't' of .* has 'soon' in line 3"),
        (["2024-01-01", "2024-01-02"], "t", r"data\.source: .* has no column besides 't'"),
    ],
)
def test_what_is_no_series(write, rows, header, message):
    with pytest.raises(InputError, match=f"^{message}") as caught:
        open_series(write(rows, header), 2, 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "times,expected",
    [
        (["2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01"]),
        (["2023-11-01", "2023-12-01"], ["2024-01-01", "2024-02-01"]),
        (["2023-11-30", "2023-12-31"], ["2024-01-31", "2024-02-29"]),
        (["2020-06-30", "2021-06-30"], ["2022-06-30", "2023-06-30"]),
        (["2024-02-28 22:00", "2024-02-28 23:00"], ["2024-02-29 00:00:00", "2024-02-29 01:00:00"]),
        (
            ["2024-01-01T00:00+02:00", "2024-01-01T06:00+02:00"],
            ["2024-01-01 12:00:00+02:00", "2024-01-01 18:00:00+02:00"],
        ),
        (["1", "3"], ["5", "7"]),
        (["0.1", "0.2", "", "0.4", "0.5"], ["0.6", "0.7"]),
        (["1", "2", "nan", "4", "5"], ["6", "7"]),
        (["2024-01-01"], []),
        (["9998-12-01", "9999-12-01"], []),
    ],
)
def test_the_times_that_follow(write, times, expected):
    series = read_series(Path(write([f"{time},1" if time else "" for time in times], "time,v")))
    assert series.time == "time"
    assert series.following(2) == expected


def test_a_row_without_a_time_is_a_gap(write):
    rows = [f"{i},{i}" if i != 4 else "nan,4" for i in range(9)]
    assert starts(write(rows, "time,v")) == [0, 1, 5, 6]


def test_a_series_without_times_has_none_that_follow(write):
    assert read_series(Path(write(["1", "2", "3"]))).following(2) == []
