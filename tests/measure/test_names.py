"""The protocol is in a metric's name."""

import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.measure import names
from jaxgan.measure.collecting import Needs, Statistics, UnmeasurableError


def statistics(n, seed, shift=0.0):
    rows = (np.random.default_rng(seed).normal(size=(n, 4)) + shift).astype(np.float32)
    return Statistics(n, (rows.mean(0), np.cov(rows.T)), rows, (2.5, 0.1))


def test_names_say_how_many_images_which_reference_and_which_network():
    every = names.values(
        ("fid", "kid", "is", "pr", "dc"), statistics(30, 0), statistics(20, 1), "net"
    )
    assert list(every) == [
        "fid20_full/net",
        "kid20_full_subsets_of_20/net",
        "kid20_full_subsets_of_20_std/net",
        "is20/net",
        "is20_std/net",
        "precision20_full_k3/net",
        "recall20_full_k3/net",
        "density20_full_k5/net",
        "coverage20_full_k5/net",
    ]


def test_a_reference_of_moments_alone_is_in_the_name():
    known = statistics(30, 0)._replace(size=None, rows=None)
    assert list(names.values(("fid",), known, statistics(2000, 1), "net")) == ["fid2k_moments/net"]


def test_a_distance_grows_with_the_shift_and_precision_falls():
    real = statistics(300, 0)
    near, far = (
        names.values(("fid", "kid", "pr", "dc"), real, statistics(300, 1, shift), "net")
        for shift in (0.0, 1.0)
    )
    for name in near:
        if name.startswith(("fid", "kid")) and "std" not in name:
            assert near[name] < far[name]
        elif name.startswith(("precision", "coverage")):
            assert near[name] > far[name]


def test_swd_names_its_levels():
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 1), np.uint8)
    real, fake = Statistics(20, pixels=images[:20]), Statistics(20, pixels=images[20:])
    found = names.values(("swd",), real, fake, "")
    assert list(found) == ["swd20/mean", "swd20/32px", "swd20/16px"]
    assert found["swd20/mean"] == pytest.approx((found["swd20/32px"] + found["swd20/16px"]) / 2)


@pytest.mark.parametrize(
    "text,message",
    [("fid,kd", "metrics: 'kd' is unknown: did you mean kid"), (" , ", "metrics: none is named")],
)
def test_unknown_metrics_are_an_error(text, message):
    with pytest.raises(InputError, match=message):
        names.parse(text)


def test_needs_are_those_of_all_metrics():
    assert names.parse("fid, is") == ("fid", "is")
    real, fake = names.needs(("fid", "is"))
    assert real == Needs(moments=True)
    assert fake == Needs(moments=True, score=True)


@pytest.mark.parametrize("n,text", [(50_000, "50k"), (1000, "1k"), (1500, "1500"), (7, "7")])
def test_thousands_are_short(n, text):
    assert names.short(n) == text


@pytest.mark.parametrize(
    "metrics,real,fake,message",
    [
        (("fid",), 9, 1, "n: 1 is fewer than the 2 images that fid needs"),
        (("fid", "is"), 9, 9, "n: 9 is fewer than the 10 images that is needs"),
        (("pr",), 3, 9, "k: 3 is not between 1 and 2"),
        (("pr",), 9, 3, "k: 3 is not between 1 and 2"),
        (("dc",), 5, 9, "k: 5 is not between 1 and 4"),
    ],
)
def test_too_few_images_are_known_by_their_number(metrics, real, fake, message):
    with pytest.raises(UnmeasurableError, match=message) as caught:
        names.check(metrics, real, fake)
    assert caught.value.metrics == metrics[-1:]
    names.check(metrics, 10, 10)
