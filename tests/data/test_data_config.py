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
        ("held_out", 1.0),
        ("held_out", -0.1),
        ("held_out", float("nan")),
        ("fold", (0, 5)),
        ("fold", (6, 5)),
        ("fold", (1, 1)),
        ("past", 0),
        ("future", 0),
    ],
)
def test_bad_values_name_their_field(field, value):
    with pytest.raises(InputError, match=rf"^data\.{field}: "):
        Data(**{field: value})


def test_a_share_and_a_fold():
    with pytest.raises(InputError, match=r"^data\.held_out: .* data\.fold 2 5 both .*: use one of"):
        Data(held_out=0.1, fold=(2, 5))


def test_only_the_pipeline_loads_tensorflow():
    code = (
        "import sys, jaxgan.data.resident, jaxgan.data.order, jaxgan.data.loader;"
        "from jaxgan.data.dataset import open_dataset; from jaxgan.data.config import Data;"
        "dataset = open_dataset(Data(on_device=True, held_out=0.1)); dataset.gallery();"
        "jaxgan.data.resident.resident(dataset);"
        "next(jaxgan.data.order.plans(dataset, seed=0));"
        "print(sorted(m for m in sys.modules if m.split('.')[0].startswith('tensorflow')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
