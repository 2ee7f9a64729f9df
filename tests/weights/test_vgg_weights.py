"""VGG's maps and LPIPS from files of weights, beside PyTorch, and files that are refused."""

import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.weights import open_lpips, open_vgg

WIDTHS = {"conv1_1": (3, 64), "conv1_2": (64, 64), "conv2_1": (64, 128)}


def write_caffe(path, widths=WIDTHS, **more):
    """The authors' layout, with random values."""
    rng = np.random.default_rng(0)
    state = {}
    for name, (i, o) in widths.items():
        state[f"{name}/w"] = rng.normal(0, (2 / (9 * i)) ** 0.5, (o, i, 3, 3)).astype(np.float32)
        state[f"{name}/b"] = rng.normal(0, 0.1, o).astype(np.float32)
    np.savez(path, **state, **more)
    return str(path)


def images():
    return np.random.default_rng(1).uniform(-1, 1, (2, 12, 10, 3)).astype(np.float32)


def maps_of(vgg, x):
    return jax.jit(vgg)(vgg.variables, x)


def test_scales_of_the_layouts_are_the_files_own(tmp_path):
    """The same net sees BGR minus the mean, whether the file says so or is known for it."""
    plain = open_vgg(write_caffe(tmp_path / "a.npz"), ("relu1_1",))
    w = np.zeros((3, 3, 1, 1), np.float32)
    w[0, 2] = w[1, 1] = w[2, 0] = 255.0
    mean = np.array([-103.939, -116.779, -123.68], np.float32)
    scaled = {"preproc/w": w, "preproc/b": mean}
    own = open_vgg(write_caffe(tmp_path / "b.npz", **scaled), ("relu1_1",))
    assert (plain.net.padding, own.net.padding) == ("zero", "reflect")
    x = images()
    a, b = maps_of(plain, x)["relu1_1"], maps_of(own, x)["relu1_1"]
    np.testing.assert_allclose(a[:, 1:-1, 1:-1], b[:, 1:-1, 1:-1], rtol=1e-4, atol=1e-3)
    assert np.abs(a - b).max() > 1  # at the border


def test_layers_are_named_and_later_ones_of_the_file_are_not_read(tmp_path):
    vgg = open_vgg(write_caffe(tmp_path / "a.npz"), ("relu1_2", "relu1_1"))
    found = maps_of(vgg, images()[..., :1])  # grey
    assert {name: x.shape for name, x in found.items()} == {
        "relu1_1": (2, 12, 10, 64),
        "relu1_2": (2, 12, 10, 64),
    }
    assert "conv2_1" not in vgg.variables["params"]


@pytest.mark.parametrize(
    "layer,change,message",
    [
        ("relu9_1", {}, r"^layer: VGG-19 has no 'relu9_1': use one of relu1_1, "),
        ("relu2_2", {}, r"^weights: the file has no tensor conv2_2/w; is it the weights of anot"),
        ("relu2_1", {"fire2/w": np.zeros(1)}, r"^weights: VGG knows no tensor fire2/w; is it the"),
        (
            "relu2_1",
            {"widths": {**WIDTHS, "conv2_1": (64, 32)}},
            r"^weights: conv2_1/w has shape \(32, 64, 3, 3\), VGG needs \(128, 64, 3, 3\)",
        ),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, layer, change, message):
    with pytest.raises(InputError, match=message):
        open_vgg(write_caffe(tmp_path / "a.npz", **change), (layer,))


@pytest.mark.peers
def test_lpips_is_that_of_the_authors_steps_in_pytorch(tmp_path):
    peer = pytest.importorskip(
        "benchmarks.peers.torch_features", reason="the reference is PyTorch's"
    )
    torch = peer.torch
    net, state = peer.torchvision_vgg(16, "")
    widths = (64, 128, 256, 512, 512)
    linear = {
        f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1, generator=torch.Generator().manual_seed(i))
        for i, c in enumerate(widths)
    }
    torch.save(peer.tensors(state), tmp_path / "vgg.pth")
    torch.save(linear, tmp_path / "linear.pth")
    lpips = open_lpips(str(tmp_path / "vgg.pth"), str(tmp_path / "linear.pth"))
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(-1, 1, (2, 37, 50, 3)).astype(np.float32) for _ in range(2))
    shift = torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)
    ends, found = (3, 8, 15, 22, 29), []
    with torch.no_grad():
        for images in (x, y):
            taps, h = [], (peer.to_torch(images) - shift) / scale
            for i, layer in enumerate(net.features):
                h = layer(h)
                if i in ends:
                    taps.append(h / (h.square().sum(1, keepdim=True).sqrt() + 1e-10))
            found.append(taps)
        expected = sum(
            ((a - b).square() * w).sum(1).mean((1, 2))
            for a, b, w in zip(*found, linear.values(), strict=True)
        )
    np.testing.assert_allclose(jax.jit(lpips)(lpips.variables, x, y), expected, rtol=1e-4)
    np.testing.assert_allclose(jax.jit(lpips)(lpips.variables, x, x), 0.0, atol=1e-6)
    torch.save(dict(list(linear.items())[1:]), tmp_path / "linear.pth")
    with pytest.raises(InputError, match=r"has no tensor lin0\.model\.1\.weight of shape \(1, 64"):
        open_lpips(str(tmp_path / "vgg.pth"), str(tmp_path / "linear.pth"))
