"""Networks for style transfer: which file it is, layers, and mean activations of 1."""

import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.weights.layouts import torchvision_modules
from jaxgan.weights.style import is_normalised, read_style_file
from tests.weights.test_vgg_weights import write_caffe


def images(seed=0, side=16):
    x = np.random.default_rng(seed).uniform(-1, 1, (1, side, side + 2, 3)).astype(np.float32)
    return jax.numpy.asarray(x)


def opened(path, *layers):
    return read_style_file(str(path)).open(layers)


def test_defaults_are_the_papers_as_far_as_the_file_has_them(tmp_path):
    file = read_style_file(write_caffe(tmp_path / "a.npz"))
    assert (file.name, file.layers) == ("VGG-19", ("relu1_1", "relu1_2", "relu2_1"))
    assert file.choose("content", ()) == (
        ("relu2_1",),
        "content_layers: relu2_1 (the file ends at relu2_1; the paper has relu4_2)",
    )
    assert file.choose("style", ())[0] == ("relu1_1", "relu2_1")
    assert file.choose("style", ("conv1_2",)) == (("relu1_2",), "")


@pytest.mark.parametrize(
    "layer,message",
    [
        ("relu9_1", r"^style_layers: VGG-19 has no layer 'relu9_1': use relu1_1, relu1_2, "),
        (
            "conv4_2",
            r"^style_layers: conv4_2 is beyond the weights of .*a\.npz, which end at relu2",
        ),
    ],
)
def test_layers_that_are_not_there_are_one_line(tmp_path, layer, message):
    file = read_style_file(write_caffe(tmp_path / "a.npz"))
    with pytest.raises(InputError, match=message):
        file.choose("style", (layer,))


def test_another_network_and_no_file_are_one_line(tmp_path):
    np.savez(tmp_path / "b.npz", weight=np.zeros(3, np.float32))
    with pytest.raises(InputError, match=r"^weights: .*b\.npz has neither conv1_1 nor features\.0"):
        read_style_file(str(tmp_path / "b.npz"))
    with pytest.raises(InputError, match=r"^weights: style transfer needs .* name a file: VGG-19"):
        read_style_file("")
    with pytest.raises(InputError, match=r"^weights: there is no file .*c\.npz"):
        read_style_file(str(tmp_path / "c.npz"))


def test_names_of_torchvision_and_of_the_authors_file_are_the_same_net(tmp_path):
    state = dict(np.load(write_caffe(tmp_path / "a.npz")))
    slashes = {"/w": ".weight", "/b": ".bias"}
    dotted = {k[:-2] + slashes[k[-2:]]: x for k, x in state.items()}
    np.savez(tmp_path / "dotted.npz", **dotted)
    a, b = (opened(tmp_path / name, "relu2_1") for name in ("a.npz", "dotted.npz"))
    x = images()
    np.testing.assert_array_equal(
        jax.jit(a)(a.variables, x)["relu2_1"], jax.jit(b)(b.variables, x)["relu2_1"]
    )
    modules = torchvision_modules(19)
    named = {
        f"{modules[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}": x for k, x in dotted.items()
    }
    np.savez(tmp_path / "torchvision.npz", **named)
    file = read_style_file(str(tmp_path / "torchvision.npz"))
    assert (file.name, file.layers[-1]) == ("VGG-19", "relu2_1")
    assert file.open(("relu1_1",)).variables["scale"]["offset"].min() < -1


def test_dividing_maps_equals_scaling_the_weights_layer_by_layer(tmp_path):
    """What the normalised files of the authors hold."""
    state, x = dict(np.load(write_caffe(tmp_path / "a.npz"))), images()
    names = ("relu1_1", "relu1_2", "relu2_1")
    network = opened(tmp_path / "a.npz", *names)
    found = network.activations([x, images(1, 12)])
    assert not is_normalised(found)
    normal = network.normalised(found)
    again = normal.activations([x, images(1, 12)])
    assert is_normalised(again)
    alive = found["relu2_1"] > 1e-3 * found["relu2_1"].mean()
    assert alive.mean() > 0.9
    np.testing.assert_allclose(again["relu2_1"][alive], 1.0, rtol=1e-3)
    means = normal.variables["means"]
    before = np.ones(3, np.float32)
    for name in names:
        conv = name.replace("relu", "conv")
        state[f"{conv}/w"] *= before.reshape(1, -1, 1, 1) / means[name].reshape(-1, 1, 1, 1)
        state[f"{conv}/b"] /= means[name]
        before = means[name]
    np.savez(tmp_path / "scaled.npz", **state)
    scaled = opened(tmp_path / "scaled.npz", *names)
    a, b = jax.jit(normal)(normal.variables, x), jax.jit(scaled)(scaled.variables, x)
    for name in names:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-3, atol=1e-4)


def test_the_real_normalised_weights_are_known_as_such(shared):
    from tests.algorithms.test_style_transfer import photo

    file = read_style_file(str(shared / "vgg19" / "vgg19_normalised_to_conv3_1.npz"))
    assert file.layers[-1] == "relu3_1"
    network = file.open(("relu1_1", "relu2_1", "relu3_1"))
    assert is_normalised(network.activations([photo("china.jpg", 64), photo("flower.jpg", 64)]))


def test_squeezenet_has_maps_by_name_and_is_normalised_too(shared):
    file = read_style_file(str(shared / "squeezenet" / "squeezenet_v1_0_deepcomp.npz"))
    assert file.name == "SqueezeNet"
    layers, note = file.choose("style", ())
    assert not note
    network, x = file.open(layers), images(side=48)
    assert not is_normalised(network.activations([x]))
    found = network.normalised(network.activations([x])).activations([x])
    np.testing.assert_allclose(np.median(found["fire4"]), 1.0, rtol=1e-3)
    with pytest.raises(InputError, match=r"^content_layers: SqueezeNet has no layer 'relu4_2'"):
        file.choose("content", ("relu4_2",))
