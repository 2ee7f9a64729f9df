"""Super-resolution nets: the papers' parameter counts, shapes and, beside PyTorch, values."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import EDSR, FSRCNN, WDSR, SRGANDiscriminator, SRResNet

KEY = jax.random.key(0)
SMALL = [
    FSRCNN(features=4, shrunk=2, blocks=1),
    EDSR(features=4, blocks=1, residual_scale=0.5),
    WDSR(features=5, blocks=1, residual_scale=0.5),
    SRResNet(features=4, blocks=1),
]


def shapes(net, *shape):
    """Output shape and number of parameters, without computing."""
    images = jax.ShapeDtypeStruct(shape, jnp.float32)
    out, variables = jax.eval_shape(lambda x: net.init_with_output(KEY, x), images)
    return out.shape, sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


@pytest.mark.parametrize(
    "net,channels,count",
    [
        # The paper's 12,464 weights, 173 biases and 172 slopes.
        (FSRCNN(), 1, 12_464 + 173 + 172),
        # 27x64 + 64; 33 (9x64x64 + 64); 9x64x256 + 256; 9x64x3 + 3.
        (EDSR(), 3, 1_369_859),
        # Two upsamplers of x2.
        (EDSR(scale=4), 3, 1_369_859 + 9 * 64 * 256 + 256),
        # Kernels, biases and gains: 27x32 + 64; 16 (32x192 + 384; 192x25 + 50; 225x32 + 64);
        # 9x32x12 + 24; 25x3x12 + 24.
        (WDSR(), 3, 928 + 16 * (6_144 + 384 + 4_800 + 50 + 7_200 + 64) + 3_480 + 924),
        # 243x64 + 2x64; 16 (2 (9x64x64 + 2x64) + 64); 9x64x64 + 2x64;
        # 2 (9x64x256 + 256 + 64); 81x64x3 + 3.
        (SRResNet(), 3, 15_680 + 16 * 74_048 + 36_992 + 295_552 + 15_555),
    ],
)
def test_parameters_are_the_papers(net, channels, count):
    s = net.scale
    assert shapes(net, 1, 8, 6, channels) == ((1, 8 * s, 6 * s, channels), count)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("net", SMALL, ids=lambda net: type(net).__name__)
def test_each_has_three_scales_and_takes_any_size(net, scale):
    out, _ = shapes(net.clone(scale=scale), 1, 5, 7, 3)
    assert out == (1, 5 * scale, 7 * scale, 3)


@pytest.mark.parametrize("net", SMALL, ids=lambda net: type(net).__name__)
def test_a_scale_that_it_lacks_is_refused(net):
    with pytest.raises(InputError, match=r"generator\.scale: \w+ has no x5: use one of 2, 3, 4"):
        shapes(net.clone(scale=5), 1, 4, 4, 3)


@pytest.mark.parametrize(
    "net",
    [
        SMALL[0],
        pytest.param(SMALL[1].clone(scale=4), marks=pytest.mark.slow),
        pytest.param(SMALL[2], marks=pytest.mark.slow),
        pytest.param(SMALL[3], marks=pytest.mark.slow),
        SMALL[3].clone(scale=4),
    ],
    ids=lambda net: f"{type(net).__name__}-{net.scale}",
)
def test_no_output_depends_on_pixels_beyond_the_reach(net):
    middle = net.reach + 2
    images = jax.random.uniform(KEY, (1, 1, 2 * middle + 1, 1), minval=-1)
    variables = jax.jit(lambda x: net.init(KEY, x))(images)
    kept = {"train": False} if isinstance(net, SRResNet) else {}

    def seen(x):
        out = net.apply(variables, x, **kept)
        return jnp.abs(out[:, :, net.scale * middle : net.scale * (middle + 1)]).sum()

    grads = np.asarray(jax.jit(jax.grad(seen))(images))[0, 0, :, 0]
    far = np.abs(np.arange(2 * middle + 1) - middle)[grads != 0].max()
    assert net.reach - 2 <= far <= net.reach


def test_the_discriminator_judges_images_of_any_size():
    for height, width in ((96, 96), (24, 40), (1, 1)):
        assert shapes(SRGANDiscriminator(features=2), 3, height, width, 3)[0] == (3,)


def test_weight_norm_is_the_same_at_inference():
    """The net equals one whose kernels are g v / ||v||, written down."""
    net = SMALL[2]
    images = jax.random.uniform(KEY, (1, 6, 5, 3), minval=-1)
    params = jax.jit(net.init)(KEY, images)["params"]
    grown = {
        name: {"scale": 1.5 * value["scale"]} if "WeightNorm" in name else value
        for name, value in params.items()
    }
    folded = {}
    for name, value in params.items():
        if name.startswith("Conv"):
            v = np.asarray(value["kernel"], np.float64)
            g = np.asarray(grown[name.replace("Conv", "WeightNorm")]["scale"])
            kernel = (g * v / np.sqrt((v**2).sum((0, 1, 2)))).astype(np.float32)
            folded[name] = {"kernel": kernel, "bias": value["bias"]}
            folded[name.replace("Conv", "WeightNorm")] = {
                "scale": np.linalg.norm(kernel.reshape(-1, len(g)), axis=0)
            }
    apply = jax.jit(net.apply)
    outs = [apply({"params": p}, images) for p in (params, grown, folded)]
    assert np.abs(outs[0] - outs[1]).max() > 0.01
    np.testing.assert_allclose(outs[1], outs[2], atol=1e-5)


FAMILIES = (
    FSRCNN(),
    EDSR(features=16, blocks=2, residual_scale=0.5),
    WDSR(features=10, blocks=2),
    SRResNet(features=8, blocks=2),
)
OFTEN = {("FSRCNN", 3), ("EDSR", 4), ("WDSR", 2), ("SRResNet", 4)}
"""Each family once, each scale once: the other pairs run with ``-m slow``."""


def pairs():
    """Each net that a peer has, at each of its scales."""
    for net, scale in itertools.product(FAMILIES, (2, 3, 4)):
        name = type(net).__name__
        mark = pytest.mark.peers if (name, scale) in OFTEN else pytest.mark.slow
        yield pytest.param(net.clone(scale=scale), marks=mark, id=f"{name}-{scale}")
    net = SRGANDiscriminator(features=4, dense=16)
    yield pytest.param(net, marks=pytest.mark.peers, id="SRGANDiscriminator")


@pytest.mark.parametrize("net", list(pairs()))
def test_outputs_and_gradients_are_pytorchs(net):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_super_resolution as peer

    images = jax.random.uniform(KEY, (2, 9, 12, 3), minval=-1)
    variables = jax.jit(net.init)(jax.random.key(1), images)

    def scored(params):
        out, _ = net.apply({**variables, "params": params}, images, mutable=["batch_stats"])
        weights = jnp.cos(jnp.arange(out.size)).reshape(out.shape)
        return (out * weights).mean(), out

    grads, out = jax.jit(jax.grad(scored, has_aux=True))(variables["params"])
    params = peer.tensors(variables["params"])
    inputs = torch.tensor(np.asarray(images)).permute(0, 3, 1, 2)
    expected = peer.NETS[type(net).__name__](params, inputs, net)
    expected = expected.permute(0, 2, 3, 1) if expected.ndim == 4 else expected
    (expected * torch.cos(torch.arange(out.size)).reshape(out.shape)).mean().backward()
    np.testing.assert_allclose(out, expected.detach(), atol=1e-4 * np.abs(out).max())
    largest = max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(grads))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4 * largest),
        grads,
        peer.arrays(params),
    )
