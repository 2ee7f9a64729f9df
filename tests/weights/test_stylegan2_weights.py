"""NVIDIA's StyleGAN2: each array in its place, the same images and scores, one line an error."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from jaxgan.errors import InputError
from jaxgan.weights import read_stylegan2

torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")

import published_networks as published

pytestmark = pytest.mark.xdist_group("stylegan2 weights")  # one worker: they share a fixture

CLASSES = 3
WIDTHS = {0: {4: 6, 8: 6, 16: 5}, CLASSES: {4: 6, 8: 5}}


def networks(classes=0, clamp=None):
    torch.manual_seed(0)
    shared = {"channels": 2, "widths": WIDTHS[classes], "clamp": clamp}
    g, ema = (published.Generator(7, classes, 5, **shared) for _ in range(2))
    return {"G": g, "D": published.Discriminator(classes, **shared), "G_ema": ema}


def saved(path, networks, protocol=3):
    path.write_bytes(published.dumped({**networks, "training_set_kwargs": None}, protocol))
    return path


@pytest.fixture(
    scope="module",
    params=[pytest.param(0, marks=pytest.mark.peers), CLASSES],
    ids=["unconditional", "classes"],
)
def file(request, tmp_path_factory):
    """The networks, what is read of their file, and the number of classes."""
    nets = networks(request.param)
    path = saved(tmp_path_factory.mktemp("published") / "a.pkl", nets)
    return nets, read_stylegan2(path), request.param


def inputs(classes, n=8):
    """Latent codes, images and labels, which PyTorch has as vectors."""
    rng, size = np.random.default_rng(1), max(WIDTHS[classes])
    z = rng.normal(size=(n, 7)).astype(np.float32)
    images = 20 * rng.normal(size=(n, size, size, 2)).astype(np.float32)
    labels = jnp.arange(n) % classes if classes else None
    onehot = torch.tensor(np.eye(classes, dtype=np.float32)[labels]) if classes else None
    return z, images, labels, onehot


@functools.partial(jax.jit, static_argnums=0)
def images_of(net, variables, z, labels):
    return net.apply(variables, z, labels, False)


@functools.partial(jax.jit, static_argnums=0)
def scores_of(net, variables, images, labels):
    return net.apply(variables, images, labels)


def drawn(net, z, onehot, noise=True):
    with torch.no_grad():
        return net(torch.tensor(z), onehot, noise).numpy().transpose(0, 2, 3, 1)


def judged(net, images, onehot):
    with torch.no_grad():
        return net(torch.tensor(images.transpose(0, 3, 1, 2).copy()), onehot).numpy()


def test_images_are_those_of_the_file(file):
    nets, found, classes = file
    z, _, labels, onehot = inputs(classes)
    for name in ("G", "G_ema"):
        net, variables, latent_dim = found[name]
        assert latent_dim == 7
        images = images_of(net, variables, z, labels)
        expected = drawn(nets[name], z, onehot)
        assert expected.std() > 0.1
        np.testing.assert_allclose(images, expected, atol=1e-4)
    if not classes:
        return
    quiet = {key: value for key, value in variables.items() if key != "constants"}
    images = images_of(net, quiet, z, labels)
    assert np.abs(images - expected).max() > 0.01
    np.testing.assert_allclose(images, drawn(nets["G_ema"], z, onehot, noise=False), atol=1e-4)


def test_scores_are_those_of_the_file(file):
    nets, found, classes = file
    _, images, labels, onehot = inputs(classes)
    net, variables, _ = found["D"]
    expected = judged(nets["D"], images, onehot)
    assert expected.std() > 0.1
    np.testing.assert_allclose(scores_of(net, variables, images, labels), expected, atol=1e-4)


def test_every_array_has_one_place(file):
    """Sorted, each variable has the numbers of one array, and all arrays but filters are used."""
    nets, found, classes = file
    for name, net in nets.items():
        variables = {"/".join(k): v for k, v in flatten_dict(found[name].variables).items()}
        arrays = {k: v.numpy() for k, v in net.state_dict().items() if "resample" not in k}
        assert len(variables) == len(arrays)
        mine, theirs = (
            sorted(tuple(np.sort(x.ravel())) for x in tree.values()) for tree in (variables, arrays)
        )
        assert mine == theirs
    g, file_g = flatten_dict(found["G"].variables, sep="/"), nets["G"].state_dict()
    places = {
        "styles/map/mean": "mapping.w_avg",
        "params/synthesize/up_8/noise": "synthesis.b8.conv0.noise_strength",
        "constants/synthesize/same_4/noise": "synthesis.b4.conv1.noise_const",
        "params/synthesize/to_rgb_8/style/bias": "synthesis.b8.torgb.affine.bias",
        "params/map/dense_2/bias": "mapping.fc1.bias",
    } | ({"params/map/embed/bias": "mapping.embed.bias"} if classes else {})
    for mine, theirs in places.items():
        np.testing.assert_array_equal(g[mine], file_g[theirs].numpy(), err_msg=mine)


def test_sizes_and_settings_are_those_of_the_file(file):
    _, found, classes = file
    g, d, sizes = found["G"].net, found["D"].net, WIDTHS[classes]
    largest = max(sizes)
    shared = {"channel_max": 6, "channel_base": 5 * largest, "num_classes": classes}
    shared |= {"image_shape": (largest, largest, 2), "clamp": 0.0}
    shared |= {"low_precision": sum(size >= 16 for size in sizes), "mapping_layers": 2}
    assert {name: getattr(g, name) for name in shared} == shared
    assert (g.style_dim, g.mapping_lr, g.style_decay) == (5, 0.01, 0.995)
    shared["mapping_layers"] = 2 if classes else 8
    assert {name: getattr(d, name) for name in shared} == shared
    assert (d.group, d.normalize_classes) == (4, not classes)


def test_all_layers_are_clamped_as_the_file_says(tmp_path):
    nets = networks(CLASSES, clamp=0.5)
    z, images, labels, onehot = inputs(CLASSES)
    found = read_stylegan2(saved(tmp_path / "a.pkl", nets, protocol=4))
    g, d = found["G"], found["D"]
    expected = drawn(nets["G"], z, onehot)
    images = images_of(g.net, g.variables, z, labels)
    np.testing.assert_allclose(images, expected, atol=1e-4)
    assert np.abs(expected - drawn(networks(CLASSES)["G"], z, onehot)).max() > 0.1
    expected = judged(nets["D"], images, onehot)
    np.testing.assert_allclose(scores_of(d.net, d.variables, images, labels), expected, atol=1e-4)


def without(module, name):
    delattr(module, name)


def changed(module, name, value):
    setattr(module, name, value)


def array(*shape):
    return torch.nn.Parameter(torch.zeros(shape))


FILTER = torch.ones(4, 4) / 16


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda n: changed(n["G"].synthesis.b8.conv0, "weight", array(6, 6, 1, 1)),
            r"weights: G\.synthesis\.b8\.conv0\.weight has shape \(6, 6, 1, 1\), and the network"
            r" needs \(6, 6, 3, 3\)",
        ),
        (
            lambda n: changed(n["D"].b4.fc, "weight", array(6, 95)),
            r"weights: D\.b4\.fc\.weight has shape \(6, 95\), and the network needs \(6, 96\)",
        ),
        (
            lambda n: without(n["G_ema"].mapping, "w_avg"),
            r"weights: G_ema has no array mapping\.w_avg; is it another",
        ),
        (
            lambda n: without(n["D"].b8.skip, "weight"),
            r"weights: D has no array b8\.skip\.weight; is it another",
        ),
        (
            lambda n: changed(n["D"].b8, "extra", array(2)),
            r"weights: D has an array b8\.extra, which our net has not",
        ),
        (
            lambda n: changed(n["D"].b16, "architecture", "skip"),
            r"weights: D\.b16\.architecture is skip, and resnet is what our net has",
        ),
        (
            lambda n: changed(n["G"].synthesis.b4.conv1, "activation", "relu"),
            r"weights: G\.synthesis\.b4\.conv1\.activation is relu, and lrelu is",
        ),
        (
            lambda n: changed(n["G"].synthesis.b16.conv0, "resample_filter", FILTER),
            r"weights: G\.synthesis\.b16\.conv0\.resample_filter is another filter",
        ),
        (
            lambda n: changed(n["D"].b4.mbstd, "num_channels", 2),
            r"weights: D\.b4\.mbstd has other than 1 channel",
        ),
        (
            lambda n: changed(n["D"].b4.mbstd, "group_size", None),
            r"weights: D has no attribute b4\.mbstd\.group_size that is of type int",
        ),
        (
            lambda n: changed(n["G"], "img_resolution", 24),
            r"weights: G makes 24 px, and not a power of two from 8",
        ),
        (
            lambda n: changed(n["G"].synthesis.b8.conv1, "bias", array(3)),
            r"weights: the channels of G by resolution are \{4: 6, 8: 3, 16: 5\}",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(change, line, tmp_path):
    nets = networks()
    change(nets)
    name = re.search(r"G_ema|G|D", line)[0]
    path = saved(tmp_path / "a.pkl", {name: nets[name]})
    with pytest.raises(InputError, match=f"^{line}"):
        read_stylegan2(path)


@pytest.mark.parametrize(
    ("module", "field", "value", "line"),
    [
        ("", "z_dim", 10**12, r"G\.z_dim is 10+, and not in \[1, 65536\]"),
        ("", "c_dim", -1, r"G\.c_dim is -1, and not in \[0, 65536\]"),
        ("mapping", "num_layers", 10**9, r"G\.mapping\.num_layers is 10+, and not in \[1, 64\]"),
        ("mapping", "num_layers", 3, r"G has no array mapping\.fc2\."),
        ("mapping.fc0", "bias_gain", 0.0, r"cannot read .*a\.pkl \(float division by zero\)"),
        ("synthesis.b4", "architecture", "a\nb", r"G\.synthesis\.b4\.architecture is a\\nb, and"),
        ("synthesis", "img_channels", "3", None),
        ("", "img_channels", True, r"G has no attribute img_channels that is of type int"),
        ("", "img_resolution", 2**40, r"G makes 10995\d+ px, and not"),
    ],
)
def test_numbers_that_no_network_has_are_one_line(module, field, value, line, tmp_path):
    nets = networks(CLASSES)
    setattr(nets["G"].get_submodule(module), field, value)
    path = saved(tmp_path / "a.pkl", {"G": nets["G"]})
    if line is None:  # of no effect
        assert read_stylegan2(path)
        return
    with pytest.raises(InputError, match=f"^weights: {line}") as error:
        read_stylegan2(path)
    assert str(error.value).isprintable()


def test_one_network_is_read_whatever_the_others_are(tmp_path):
    nets = networks(CLASSES)
    nets["D"].b8.architecture = "orig"
    path = saved(tmp_path / "a.pkl", nets)
    with pytest.raises(InputError, match=r"D\.b8\.architecture is orig, and resnet is"):
        read_stylegan2(path)
    assert list(read_stylegan2(path, "G_ema")) == ["G_ema"]
    path = saved(tmp_path / "a.pkl", {"G": nets["G"]})
    with pytest.raises(InputError, match="holds none of the networks G_ema; give"):
        read_stylegan2(path, "G", "G_ema")
