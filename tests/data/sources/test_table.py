import numpy as np
import pytest

from jaxgan.core import Feature
from jaxgan.data.sources.table import open_table, read_rows
from jaxgan.errors import InputError


@pytest.fixture
def write(tmp_path):
    def save(text: str) -> str:
        (tmp_path / "a.csv").write_text(text)
        return str(tmp_path / "a.csv")

    return save


FLOWERS = "long,kind,wide\n1.5,iris,2\n3,rose,4\n5,iris,6\n"


def test_words_are_labels(write):
    source = open_table(write(FLOWERS), "kind")
    assert source.features == {"row": Feature("array", (2,)), "label": Feature("label", (), 2)}
    assert (source.columns, source.class_names) == (("long", "wide"), ("iris", "rose"))
    np.testing.assert_array_equal(source.arrays["row"], [[1.5, 2], [3, 4], [5, 6]])
    assert source.labels.tolist() == [0, 1, 0]
    assert source.labels.dtype == np.int32


def test_integers_are_labels_in_numeric_order(write):
    source = open_table(write("x,y\n1,10\n2,9\n3,10\n4,-1\n5,9\n"), "y")
    assert source.class_names == ("-1", "9", "10")
    assert source.labels.tolist() == [2, 1, 2, 0, 1]


def test_floats_are_a_target(write):
    source = open_table(write("x,y\n1,10\n2,9.5\n"), "y")
    assert source.features == {"row": Feature("array", (1,)), "target": Feature("array", ())}
    np.testing.assert_array_equal(source.arrays["target"], [10, 9.5])
    assert source.example(1).keys() == {"row", "target"}


def test_no_target(write):
    source = open_table(write("x,y\n1,10\n2,9\n"))
    assert source.features == {"row": Feature("array", (2,))}
    assert (source.labels, source.class_names) == (None, ())


def test_rows_to_apply_a_run_to(write, tmp_path):
    path = tmp_path / "a.csv"
    write("extra,wide,long\nw,2,1\nx,4,3\n")
    np.testing.assert_array_equal(read_rows(path, ("long", "wide")), [[1, 2], [3, 4]])
    with pytest.raises(InputError, match=r"has no column 'longs': did you mean long\?"):
        read_rows(path, ("longs",))


@pytest.mark.parametrize(
    "text,target,message",
    [
        (FLOWERS, None, r"data\.source: column 'kind' of .* has 'iris' in line 2"),
        (FLOWERS, "kinds", r"data\.target: .* has no column 'kinds': did you mean kind\?"),
        ("y\n1\n", "y", r"data\.target: .* has no column besides 'y'"),
        ("x,y\n1,a\n2,\n", "y", r"data\.source: column 'y' of .* has no value in line 3"),
        (
            "x,y\n" + "\n".join(f"{i},{i}" for i in range(40)),
            "y",
            r"data\.target: 'y' has 40 different integers in 40 rows, too many for classes: ",
        ),
    ],
)
def test_columns_that_cannot_be_used(write, text, target, message):
    with pytest.raises(InputError, match=f"^{message}") as caught:
        open_table(write(text), target)
    assert "\n" not in str(caught.value)
