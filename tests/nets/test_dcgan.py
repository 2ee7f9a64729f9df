import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import DCGANDiscriminator, DCGANGenerator


def test_parameters_are_those_of_pytorch_examples(count):
    # kernels k4 without bias, then (gamma, beta) of each BatchNorm
    generator = 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    generator += 2 * (512 + 256 + 128 + 64)
    discriminator = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1)
    discriminator += 2 * (128 + 256 + 512)
    assert (generator, discriminator) == (3_576_704, 2_765_568)
    assert count(DCGANGenerator(image_shape=(64, 64, 3)), 100) == generator
    assert count(DCGANDiscriminator(image_shape=(64, 64, 3)), 64, 64, 3) == discriminator


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (16, 2), (32, 3)])
def test_any_power_of_two_and_any_channels(run, images, size, channels):
    shape = (size, size, channels)
    out, _, _ = run(DCGANGenerator(features=2, image_shape=shape), images(2, 5))
    assert out.shape == (2, *shape)
    assert np.abs(out).max() <= 1
    scores, _, _ = run(DCGANDiscriminator(features=2, image_shape=shape), images(2, *shape))
    assert scores.shape == (2,)


def test_widths_double_towards_the_latent(run, images):
    _, variables, _ = run(DCGANGenerator(features=2, image_shape=(32, 32, 3)), images(2, 5))
    kernels = [variables["params"][f"ConvTranspose_{i}"]["kernel"].shape for i in range(4)]
    assert kernels == [(4, 4, 5, 8), (4, 4, 8, 4), (4, 4, 4, 2), (4, 4, 2, 3)]


def test_first_and_last_layer_of_the_discriminator_have_no_norm(run, images):
    net = DCGANDiscriminator(features=2, image_shape=(32, 32, 3))
    _, variables, _ = run(net, images(2, 32, 32, 3))
    sizes = [leaf.shape for leaf in jax.tree.leaves(variables["batch_stats"])]
    assert sorted(sizes) == [(4,), (4,), (8,), (8,)]


def test_kernels_and_gains_start_as_in_the_paper(run, images):
    net = DCGANGenerator(features=32, image_shape=(16, 16, 3))
    _, variables, _ = run(net, images(2, 100))
    kernel = np.asarray(variables["params"]["ConvTranspose_0"]["kernel"])
    np.testing.assert_allclose([kernel.mean(), kernel.std()], [0, 0.02], atol=3e-4)
    gains = variables["params"]["Normalize_0"]["BatchNorm_0"]
    np.testing.assert_allclose(gains["scale"].std(), 0.02, atol=0.006)
    np.testing.assert_allclose(gains["scale"].mean(), 1, atol=0.01)
    assert not gains["bias"].any()


def test_discriminator_equals_its_layers_written_out(run, images):
    net = DCGANDiscriminator(features=2, image_shape=(8, 8, 1))
    x = images(3, 8, 8, 1)
    scores, variables, _ = run(net, x)
    first, last = (variables["params"][f"Conv_{i}"]["kernel"] for i in range(2))
    dims = ("NHWC", "HWIO", "NHWC")
    hidden = jax.lax.conv_general_dilated(x, first, (2, 2), ((1, 1), (1, 1)), None, None, dims)
    hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
    np.testing.assert_allclose(scores, np.einsum("nhwc,hwco->n", hidden, last), rtol=1e-4)


@pytest.mark.parametrize("net", [DCGANGenerator(), DCGANDiscriminator()])
def test_other_sizes_are_refused_with_what_to_use(net):
    x = np.zeros((1, 5) if isinstance(net, DCGANGenerator) else (1, 28, 28, 1), np.float32)
    with pytest.raises(InputError, match=r"data\.image_size: DCGAN.* not 28: use 32, or BookDCGAN"):
        jax.eval_shape(net.init, jax.random.key(0), x)
