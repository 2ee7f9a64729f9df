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
