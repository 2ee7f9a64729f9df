import subprocess
import sys

import pytest

from jaxgan.data import Data
from jaxgan.errors import InputError


@pytest.mark.parametrize(
    "field,value",
    [
        ("image_size", 0),
        ("batch_size", -1),
        ("crop", -2),
        ("channels", 2),
        ("jitter", 1.5),
        ("jitter", float("nan")),
        ("max_unreadable", -1),
    ],
)
def test_bad_values_name_their_field(field, value):
    with pytest.raises(InputError, match=rf"^data\.{field}: "):
        Data(**{field: value})


def test_config_and_sources_load_no_tensorflow():
    code = (
        "import sys, jaxgan.data.config, jaxgan.data.sources.opening as s;"
        "s.open_source(s.Data());"
        "print(sorted(m for m in sys.modules if m.startswith('tensorflow')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
