"""Image-to-image nets: the papers' parameter counts, shapes and, beside PyTorch, values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import (
    BookPatchDiscriminator,
    BookUNetGenerator,
    PatchGAN,
    PixelDiscriminator,
    ResNetGenerator,
    UNetGenerator,
)

KEY = jax.random.key(0)


def shapes(net, *shape):
    """Output shape and number of parameters, without computing."""
    images = jax.ShapeDtypeStruct(shape, jnp.float32)
    out, variables = jax.eval_shape(lambda x: net.init_with_output(KEY, x), images)
    return out.shape, sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


def applied(net, variables, images, **options):
    """The net's output, in one program."""
    return jax.jit(lambda v, x: net.apply(v, x, **options))(variables, images)


def made(net, *shape):
    """Random images and the net's variables."""
    images = jax.random.uniform(KEY, shape, minval=-1, maxval=1)
    return images, jax.jit(net.init)(KEY, images)


@pytest.mark.parametrize(
    "net,shape,out,count",
    [
        # By hand: 7x7x3x64 + 64; 3x3x64x128 + 128; 3x3x128x256 + 256; 18 (3x3x256x256 + 256);
        # 3x3x256x128 + 128; 3x3x128x64 + 64; 7x7x64x3 + 3.
        (ResNetGenerator(blocks=9), (256, 256, 3), (256, 256, 3), 11_378_179),
        (ResNetGenerator(image_shape=(256, 256, 3)), (256, 256, 3), (256, 256, 3), 11_378_179),
        # Three blocks of 2 (3x3x256x256 + 256) fewer.
        (ResNetGenerator(image_shape=(128, 128, 3)), (128, 128, 3), (128, 128, 3), 7_837_699),
        (UNetGenerator(), (256, 256, 3), (256, 256, 3), 54_413_955),
        (PatchGAN(), (256, 256, 3), (30, 30), 2_764_737),
        (PatchGAN(norm="batch"), (256, 256, 6), (30, 30), 2_768_705),
        # 3x64 + 64 + 64x128 + 128 + 128 + 1
        (PixelDiscriminator(), (256, 256, 3), (256, 256), 8_705),
        # 16 (3x32 + 32x64 + 64x128 + 128x256) + 480 down, 16 (256x128 + 256x64 + 128x32) + 224
        # up, 16x64x3 + 3.
        (BookUNetGenerator(), (128, 128, 3), (128, 128, 3), 1_545_411),
        (BookPatchDiscriminator(), (128, 128, 3), (8, 8), 2_764_737),
    ],
)
def test_parameters_and_shapes_are_the_papers(net, shape, out, count):
    assert shapes(net, 2, *shape) == ((2, *out), count)


@pytest.mark.parametrize(
    "net",
    [
        ResNetGenerator(blocks=2, features=4),
        pytest.param(ResNetGenerator(blocks=2, features=4, padding="zero"), marks=pytest.mark.slow),
        pytest.param(
            ResNetGenerator(blocks=1, features=4, padding="replicate"), marks=pytest.mark.slow
        ),
        pytest.param(BookUNetGenerator(depth=3, features=4), marks=pytest.mark.slow),
        UNetGenerator(depth=4, features=4, norm="instance"),
    ],
)
def test_generators_keep_any_size_that_they_take(net):
    images, variables = made(net, 2, 16, 32, 3)
    out = applied(net, variables, images, train=False)
    assert out.shape == images.shape
    assert np.abs(out).max() <= 1
    assert np.std(out) > 0


@pytest.mark.parametrize("net", [ResNetGenerator(blocks=1, features=4), PatchGAN(features=4)])
def test_instance_norm_is_of_one_image_alone(net):
    images, variables = made(net, 4, 32, 32, 3)
    apply = jax.jit(net.apply)
    whole = apply(variables, images)
    alone = jnp.concatenate([apply(variables, image[None]) for image in images])
    np.testing.assert_allclose(whole, alone, atol=1e-5)


def test_a_bias_that_a_norm_cancels_has_no_effect_and_no_gradient():
    net = PatchGAN(features=4, layers=1)
    images, variables = made(net, 1, 16, 16, 3)
    grads = jax.jit(jax.grad(lambda v: net.apply(v, images).sum()))(variables)["params"]
    assert not np.any(grads["Layer_1"]["Conv_0"]["bias"])
    assert np.all(grads["Layer_0"]["Conv_0"]["bias"])


def test_dropout_is_drawn_in_training_alone():
    net = UNetGenerator(depth=4, features=4)
    images, variables = made(net, 2, 16, 16, 3)

    @jax.jit
    def apply(key):
        return net.apply(variables, images, mutable=["batch_stats"], rngs={"dropout": key})[0]

    one, two = apply(jax.random.key(1)), apply(jax.random.key(2))
    assert np.abs(one - two).max() > 1e-3
    np.testing.assert_array_equal(one, apply(jax.random.key(1)))
    fixed = applied(net, variables, images, train=False)
    np.testing.assert_array_equal(fixed, applied(net, variables, images, train=False))


@pytest.mark.parametrize(
    "net,size,words",
    [
        (ResNetGenerator(), 30, "multiples of 4 from 8, not 30: use 32"),
        (ResNetGenerator(), 4, "multiples of 4 from 8, not 4: use 8"),
        (BookUNetGenerator(), 24, "multiples of 16 from 32, not 24: use 32"),
        (UNetGenerator(depth=8), 128, "multiples of 256 from 256, not 128: use 256"),
        (PatchGAN(), 16, "needs 24 pixels, not 16: use 24, or fewer"),
        (PatchGAN(layers=0), 32, "layers: 0 is below 1"),
    ],
)
def test_sizes_that_are_refused(net, size, words):
    with pytest.raises(InputError, match=words):
        shapes(net, 1, size, size, 3)


def test_an_unknown_padding_is_refused(unchecked):
    with pytest.raises(InputError, match="padding: ResNetGenerator has no 'mirror': use one of"):
        shapes(ResNetGenerator(padding="mirror"), 1, 32, 32, 3)


def test_smallest_size_of_a_patchgan_gives_one_score():
    for layers in (1, 2, 3, 4):
        size = 3 << layers
        assert shapes(PatchGAN(layers=layers), 1, size, size, 3)[0] == (1, 1, 1)


def in_torch():
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_translation as peer

    return torch, peer


@pytest.mark.peers
@pytest.mark.parametrize("padding", ["reflect", "zero", "replicate"])
def test_resnet_equals_pytorch(padding):
    torch, peer = in_torch()
    net = ResNetGenerator(blocks=2, features=16, padding=padding)
    images, variables = made(net, 2, 32, 48, 3)
    module = peer.load(peer.resnet_generator(2, 16, padding=padding), variables["params"])
    with torch.no_grad():
        want = module(peer.to_torch(images)).permute(0, 2, 3, 1)
    np.testing.assert_allclose(applied(net, variables, images), want, atol=1e-4)


@pytest.mark.peers
def test_unet_equals_pytorch():
    torch, peer = in_torch()
    net = UNetGenerator(depth=5, features=8, dropout=0.0)
    images, variables = made(net, 4, 64, 32, 3)
    module = peer.load(peer.UNet(5, 8), variables["params"])
    with torch.no_grad():
        want = module(peer.to_torch(images)).permute(0, 2, 3, 1)
        out, _ = applied(net, variables, images, mutable=["batch_stats"])
    np.testing.assert_allclose(out, want, atol=1e-4)
    assert sum(p.numel() for p in peer.UNet().parameters()) == 54_413_955


@pytest.mark.peers
def test_book_unet_equals_pytorch():
    torch, peer = in_torch()
    net = BookUNetGenerator(depth=3, features=8)
    images, variables = made(net, 2, 32, 48, 3)
    module = peer.load(peer.BookUNet(3, 8), variables["params"])
    with torch.no_grad():
        want = module(peer.to_torch(images)).permute(0, 2, 3, 1)
    np.testing.assert_allclose(applied(net, variables, images), want, atol=1e-4)


@pytest.mark.peers
@pytest.mark.parametrize("layers", [1, 3])
def test_patchgan_equals_pytorch(layers):
    torch, peer = in_torch()
    net = PatchGAN(layers=layers, features=16)
    images, variables = made(net, 2, 64, 48, 3)
    module = peer.load(peer.patchgan(layers, 16), variables["params"])
    with torch.no_grad():
        want = module(peer.to_torch(images))[:, 0]
    np.testing.assert_allclose(applied(net, variables, images), want, atol=1e-4)
