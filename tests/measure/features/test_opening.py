"""Features by name, with the weights at hand, and those of a user's file."""

import hashlib

import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.measure.features import open_features


def test_a_network_is_opened_with_its_weights(shared):
    [path] = (shared / "squeezenet").glob("*.npz")
    found = open_features("squeezenet", str(path))
    assert found.name == "squeezenet/clean"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_features("squeezenet", str(path), "legacy_pytorch").name.endswith("/legacy_pytorch")


def test_weights_of_another_network_name_what_is_missing(shared):
    [path] = (shared / "squeezenet").glob("*.npz")
    with pytest.raises(InputError, match=r"weights: .*Conv2d_1a_3x3\.conv\.weight"):
        open_features("inception", str(path))


def test_a_users_file_is_run(tmp_path):
    (tmp_path / "corner.py").write_text("def features(images):\n    return images[:, 0, 0]\n")
    found = open_features(str(tmp_path / "corner.py"))
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    assert found.name == "own/corner"
    np.testing.assert_array_equal(found({}, images)["features"], images[:, 0, 0])


@pytest.mark.parametrize(
    "name,fields,message",
    [
        ("incepton", {}, "features: 'incepton' is none of inception, squeezenet, vgg16 or FILE.py"),
        ("squeezenet", {}, "weights: "),
        ("nowhere.py", {}, "features: there is no file nowhere.py"),
        ("nowhere.py", {"resize": "clean"}, "features: nowhere.py has its own"),
        (__file__, {}, r"needs a function features\(images"),
        ("{}/broken.py", {}, r"broken.py cannot be run \(ModuleNotFoundError: No module named"),
    ],
)
def test_what_cannot_be_opened_is_an_error(name, fields, message, tmp_path):
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found")
    name = name.format(tmp_path)
    with pytest.raises(InputError, match=message):
        open_features(name, **fields)
