import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator


def conv(kernel, i, o):
    return kernel * kernel * i * o + o


GENERATOR = (100 * 12544 + 12544) + conv(3, 256, 128) + conv(3, 128, 64) + conv(3, 64, 1) + 384
TAIL = conv(3, 64, 128) + 2 * 64 + 2 * 128 + (4 * 4 * 128 + 1)


CANCELLED = 128 + 64  # biases before a batch norm, in either net


def test_parameters_are_those_of_the_book_without_biases_before_batch_norm(count):
    assert count(BookDCGANGenerator(), 100) == GENERATOR - CANCELLED == 1_636_737 - 192
    discriminator = conv(3, 1, 32) + conv(3, 32, 64) + TAIL
    assert count(BookDCGANDiscriminator(), 28, 28, 1) == discriminator - CANCELLED == 95_105 - 192


def test_without_batch_norm_every_convolution_has_its_bias(count):
    norms = 2 * 128 + 2 * 64
    assert count(BookDCGANGenerator(norm="none"), 100) == GENERATOR - norms


def test_parameters_are_those_of_the_books_conditional_gan(count):
    labels = np.zeros(2, np.int32)
    generator = BookDCGANGenerator(num_classes=10)
    assert count(generator, 100, labels=labels) == GENERATOR - CANCELLED + 10 * 100
    discriminator = 10 * 784 + conv(3, 2, 64) + conv(3, 64, 64) + TAIL
    net = BookDCGANDiscriminator(num_classes=10)
    assert count(net, 28, 28, 1, labels=labels) == discriminator - CANCELLED


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 12, 2)])
def test_any_multiple_of_four(run, images, shape):
    out, _, _ = run(BookDCGANGenerator(features=2, image_shape=shape), images(2, 5))
    assert out.shape == (2, *shape)
    scores, _, _ = run(BookDCGANDiscriminator(features=2, image_shape=shape), images(2, *shape))
    assert scores.shape == (2,)


def test_batch_norm_is_keras_s(run, images):
    net = BookDCGANDiscriminator(features=2, image_shape=(8, 8, 1))
    _, variables, state = run(net, images(4, 8, 8, 1))
    old = variables["batch_stats"]["Normalize_0"]["BatchNorm_0"]["mean"]
    new = state["batch_stats"]["Normalize_0"]["BatchNorm_0"]["mean"]
    x = images(4, 8, 8, 1)
    for layer in range(2):
        params = variables["params"][f"Conv_{layer}"]
        x = jax.lax.conv_general_dilated(
            x, params["kernel"], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = x + params.get("bias", np.zeros(1)).reshape(1, 1, 1, -1)
        mean = x.mean(axis=(0, 1, 2))
        x = jax.nn.leaky_relu(x, 0.01)
    np.testing.assert_allclose(new, 0.99 * old + 0.01 * mean, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("net", [BookDCGANGenerator(), BookDCGANDiscriminator()])
def test_other_sizes_are_refused_with_what_to_use(net):
    x = np.zeros((1, 5) if isinstance(net, BookDCGANGenerator) else (1, 30, 28, 1), np.float32)
    net = net.clone(image_shape=(30, 28, 1))
    with pytest.raises(InputError, match=r"data\.image_size: .* not 30x28: use 32"):
        jax.eval_shape(net.init, jax.random.key(0), x)
