import re

import numpy as np
import pytest

from jaxgan.data.sources.csvfile import read_csv
from jaxgan.errors import InputError


@pytest.fixture
def write(tmp_path):
    def save(text: str | bytes):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "a.csv").write_bytes(content)
        return tmp_path / "a.csv"

    return save


@pytest.mark.parametrize(
    "text",
    [
        "a,b c\n1,2.5\n-3e2,4\n",
        "a;b c\r\n1;2.5\r\n-3e2;4",
        "\ufeffa\tb c\n1\t2.5\n-3e2\t4\n\n\n",
        '"a", "b c"\n"1", 2.5\n-3e2 ,4\n',
    ],
)
def test_separators_and_quotes(write, text):
    sheet = read_csv(write(text))
    assert sheet.columns == ("a", "b c")
    np.testing.assert_array_equal(sheet.numbers(("b c", "a"), gaps=False), [[2.5, 1], [4, -300]])


def test_gaps(write):
    sheet = read_csv(write("a,b\n1,2\n\nNA,4\n5,\n"))
    np.testing.assert_array_equal(
        sheet.numbers(("a", "b"), gaps=True),
        [[1, 2], [np.nan, np.nan], [np.nan, 4], [5, np.nan]],
    )


@pytest.mark.parametrize(
    "text,message",
    [
        ("a,b\n1,2\n3,\n,4\n", "column 'a' of * has no value in line 4, and 1 missing in all"),
        ("a,b\n1,2\n\n3,x\n", "column 'b' of * has 'x' in line 4, which is no finite number"),
        ("a,b\n1,inf\n", "column 'b' of * has 'inf' in line 2"),
        ("a,b\n1,2\n3\n", "* has 1 cells in line 3 and 2 column names"),
        ("1,2\n3,4\n", "the first line of * has numbers only: add a line of column names"),
        (",b\n0,4\n", "column 1 of * has no name"),
        ("a,b,a\n0,4,3\n", "* has two columns named 'a'"),
        ("", "* has no column names"),
        ("a,b\n\n\n", "* has no rows below its column names"),
        (b"a,b\n\xff\xfe,1\n", "cannot read *: 'utf-8' codec"),
        ('a,b\n"1,2\n', "* has 1 cells in line"),
    ],
)
def test_what_is_no_table_of_numbers(write, text, message):
    pattern = re.escape(message).replace(r"\*", ".*")
    with pytest.raises(InputError, match=rf"^data\.source: {pattern}") as caught:
        read_csv(write(text)).numbers(("a", "b"), gaps=False)
    assert "\n" not in str(caught.value)


def test_columns_and_files_that_there_are_not(write, tmp_path):
    sheet = read_csv(write("price,size\n1,2\n"))
    with pytest.raises(
        InputError, match=r"no column 'prize': did you mean price\? it has price, s"
    ):
        sheet.cells("prize")
    with pytest.raises(InputError, match=r"^data\.source: there is no file .*none\.csv"):
        read_csv(tmp_path / "none.csv")
