"""Style transfer: its loss and the gradient on the pixels, and L-BFGS beside Adam."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from jaxgan.algorithms.style import NETWORK, StyleTransfer
from jaxgan.core import Feature, Given, Spec, advance
from jaxgan.data.images.resize import fit_longer
from jaxgan.errors import InputError
from jaxgan.ops.pixels import to_float
from jaxgan.weights.style import read_style_file
from tests.weights.test_vgg_weights import write_caffe

KEY = jax.random.key(0)
LAYERS = ("relu1_1", "relu1_2", "relu2_1")


def photo(name, side):
    return to_float(jnp.asarray(fit_longer(load_sample_image(name), side)[None]))


def network_of(path, layers=LAYERS):
    return read_style_file(str(path)).open(layers)


def begun(method, network, content, styles):
    """The algorithm, its first state and its batch."""
    spec = Spec({"content": Feature("image", content.shape[1:])}, 1)
    algorithm = method.build(spec, network)
    make = jax.jit(lambda variables: method.targets(network, variables, content, styles))
    batch = make(network.variables)
    state = jax.jit(algorithm.init)(KEY, batch)
    return algorithm, state.replace(frozen={NETWORK: network.variables}), batch


def descended(method, network, content, styles, steps):
    """The first and the last loss of so many steps, each of which evaluates it once."""
    algorithm, state, batch = begun(method, network, content, styles)
    step, losses = jax.jit(advance(algorithm)), []
    for _ in range(steps):
        state, metrics = step(state, batch, KEY)
        losses.append(float(metrics["image_loss"]))
    return losses[0], losses[-1]


METHOD = StyleTransfer(content_layers=("relu2_1",), style_layers=LAYERS, style_weight=100.0)


def test_lbfgs_reaches_a_lower_loss_than_adam_in_as_many_evaluations(tmp_path):
    layers = ("relu1_1", "relu1_2")
    network = network_of(write_caffe(tmp_path / "vgg.npz"), layers)
    content, style = photo("china.jpg", 32), photo("flower.jpg", 32)
    network = network.normalised(network.activations([content, style]))
    found = {}
    for name in ("lbfgs", "adam"):
        method = replace(METHOD, optimizer=name, content_layers=layers[1:], style_layers=layers)
        first, found[name] = descended(method, network, content, [style], 60)
        assert found[name] < 0.2 * first
    assert found["lbfgs"] < found["adam"]


@pytest.mark.slow
def test_lbfgs_is_ahead_of_adam_with_the_real_weights(shared):
    network = network_of(shared / "vgg19" / "vgg19_normalised_to_conv3_1.npz")
    content, style = photo("china.jpg", 96), photo("flower.jpg", 96)
    found = {
        name: descended(replace(METHOD, optimizer=name), network, content, [style], 100)[1]
        for name in ("lbfgs", "adam")
    }
    assert found["lbfgs"] < found["adam"]


def test_the_loss_is_the_weighted_sum_and_styles_share_their_weight(tmp_path):
    network = network_of(write_caffe(tmp_path / "vgg.npz"))
    content = photo("china.jpg", 24)
    styles = [photo("flower.jpg", 32), content[:, :, ::-1]]
    method = replace(METHOD, style_weights=(3.0, 1.0), tv_weight=2.0, start="noise")
    _, state, batch = begun(method, network, content, styles)

    @jax.jit
    def terms(state, batch):
        pixels = state.players["image"].variables["params"]["pixels"]
        x, y = (network(state.frozen[NETWORK], image) for image in (pixels, content))
        loss, aux = method.loss(network, state.given, batch)
        return loss, aux.metrics, x, y, pixels

    loss, metrics, x, y, pixels = jax.device_get(terms(state, batch))
    assert 0.05 < pixels.std() < 0.2
    np.testing.assert_allclose(
        metrics["content"], np.square(x["relu2_1"] - y["relu2_1"]).mean(), rtol=1e-4
    )
    s = [jax.device_get(network(network.variables, image)) for image in styles]
    errors = [np.mean([np.square(gram(x[k]) - gram(own[k])).mean() for k in LAYERS]) for own in s]
    np.testing.assert_allclose(metrics["style"], 0.75 * errors[0] + 0.25 * errors[1], rtol=1e-4)
    expected = metrics["content"] + 100 * metrics["style"] + 2 * metrics["tv"]
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def gram(x):
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    return rows.T @ rows / len(rows)


@pytest.mark.parametrize(
    "change,message",
    [
        ({"style_weight": -1.0}, "^style_weight: -1.0 is below 0"),
        ({"style_weights": (0.0,)}, r"^style_weights: \(0.0,\) are not above 0; give one weight a"),
        ({"lr": 0.0}, "^lr: 0.0 is not above 0"),
    ],
)
def test_weights_that_make_no_sense_are_one_line(tmp_path, change, message):
    network = network_of(write_caffe(tmp_path / "vgg.npz"))
    spec = Spec({"content": Feature("image", (8, 8, 3))}, 1)
    with pytest.raises(InputError, match=message):
        replace(METHOD, **change).build(spec, network)


@pytest.mark.peers
@pytest.mark.parametrize("real", [False, True])
def test_the_loss_and_its_gradient_on_the_pixels_are_pytorchs(tmp_path, request, real):
    torch = pytest.importorskip("torch", reason="the reference is PyTorch's")
    path = write_caffe(tmp_path / "vgg.npz")
    if real:
        path = request.getfixturevalue("shared") / "vgg19" / "vgg19_normalised_to_conv3_1.npz"
    layers = (*LAYERS, "relu3_1") if real else LAYERS
    network = network_of(path, layers)
    method = replace(METHOD, style_layers=layers, tv_weight=0.5)
    content, style = photo("china.jpg", 48), photo("flower.jpg", 40)
    _, state, batch = begun(method, network, content, [style])
    start = content + 0.1 * jax.random.normal(KEY, content.shape)

    def loss(pixels, frozen, batch):
        variables = {"image": {"params": {"pixels": pixels}}}
        return method.loss(network, Given(variables, {}, frozen, 0), batch)[0]

    found, gradient = jax.jit(jax.value_and_grad(loss))(start, state.frozen, batch)

    weights = {name: torch.from_numpy(x) for name, x in np.load(path).items()}
    x = torch.from_numpy(np.asarray(start).transpose(0, 3, 1, 2).copy()).requires_grad_()
    a, b, c = (
        peer_maps(torch, weights, real, layers, to_torch(torch, y)) for y in (x, content, style)
    )
    expected = (a["relu2_1"] - b["relu2_1"]).square().mean()
    errors = [(peer_gram(a[k]) - peer_gram(c[k])).square().mean() for k in layers]
    tv = x.diff(dim=2).square().mean() + x.diff(dim=3).square().mean()
    expected = expected + 100 * sum(errors) / len(errors) + 0.5 * tv
    expected.backward()
    np.testing.assert_allclose(found, expected.item(), rtol=1e-4)
    want = x.grad.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(gradient, want, rtol=0, atol=1e-4 * np.abs(want).max())


def to_torch(torch, x):
    if isinstance(x, torch.Tensor):
        return x
    return torch.from_numpy(np.asarray(x).transpose(0, 3, 1, 2).copy())


def peer_gram(x):
    rows = x.flatten(2)
    return rows @ rows.mT / rows.shape[2]


def peer_maps(torch, weights, reflect, layers, images):
    """VGG's maps with its own scale of the images (n, 3, h, w) in [-1, 1]."""
    functional = torch.nn.functional
    x = (images + 1) / 2
    if "preproc/w" in weights:
        x = functional.conv2d(x, weights["preproc/w"], weights["preproc/b"])
    else:
        mean = torch.tensor([103.939, 116.779, 123.68]).reshape(1, 3, 1, 1)
        x = 255 * x.flip(1) - mean
    found = {}
    for name in ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"):
        if name.endswith("_1") and name != "relu1_1":
            x = functional.max_pool2d(x, 2)
        conv = name.replace("relu", "conv")
        x = functional.pad(x, (1, 1, 1, 1), mode="reflect" if reflect else "constant")
        x = found[name] = functional.conv2d(x, weights[f"{conv}/w"], weights[f"{conv}/b"]).relu()
        if name == layers[-1]:
            return found
    return found
