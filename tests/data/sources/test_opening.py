import numpy as np
import pytest

from jaxgan.data import Data
from jaxgan.data.examples import Unpaired, from_arrays
from jaxgan.data.sources.opening import check_batch_size, image_shape, open_source
from jaxgan.errors import InputError


@pytest.mark.parametrize(
    "source,message",
    [
        ("digit", "'digit' is not a kind of data: did you mean digits"),
        ("foldr:/x", "did you mean folder"),
        (
            "qqq",
            "is not a kind of data: use digits, photos, idx:PATH, npz:PATH, folder:PATH, "
            "unpaired:PATH_A,PATH_B, paired:PATH_A,PATH_B or tfds:NAME",
        ),
        ("npz", "npz needs PATH: write npz:PATH"),
        ("tfds:", "tfds needs NAME: write tfds:NAME"),
        ("paired:", "paired needs PATH_A,PATH_B: write paired:PATH_A,PATH_B"),
        ("digits:x", "write digits"),
        ("photos:china.jpg", "write photos"),
    ],
)
def test_unknown_source(source, message):
    with pytest.raises(InputError, match=rf"^data\.source: .*{message}"):
        open_source(Data(source=source))


@pytest.mark.parametrize("kind", ["digits", "photos"])
def test_split_that_there_is_not(kind):
    with pytest.raises(InputError, match=rf"data\.split: {kind} has no split 'test'"):
        open_source(Data(kind, split="test"))


def test_image_shape_follows_the_data_or_the_source():
    source = open_source(Data())
    assert image_shape(source, Data(image_size=32)) == (32, 32, 1)
    assert image_shape(source, Data(image_size=32, channels=3)) == (32, 32, 3)


def domains(n: int, channels: int, m: int, others: int) -> Unpaired:
    return Unpaired(
        from_arrays("one", np.zeros((n, 4, 4, channels), np.uint8)),
        from_arrays("other", np.zeros((m, 4, 4, others), np.uint8)),
    )


def test_domains_of_different_channels():
    source = domains(3, 1, 3, 4)
    with pytest.raises(InputError) as caught:
        image_shape(source, Data())
    assert str(caught.value) == (
        "data.channels: 0 is as the source has them, and domain a has 1 and domain b 4; "
        "use one number for both, such as --data.channels 4"
    )
    assert image_shape(source, Data(channels=3)) == (28, 28, 3)
    assert image_shape(domains(3, 3, 3, 3), Data()) == (28, 28, 3)


@pytest.mark.parametrize("n,m,domain", [(30, 12, "b"), (12, 30, "a"), (20, 12, "b")])
def test_batch_larger_than_a_domain(n, m, domain):
    source = domains(n, 1, m, 1)
    check_batch_size(source, Data(batch_size=12))
    message = rf"^data\.batch_size: 24 is larger than domain {domain} \(12 images\): .*12 or less"
    with pytest.raises(InputError, match=message):
        check_batch_size(source, Data(batch_size=24))
