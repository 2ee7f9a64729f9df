import math

import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import ConvDecoder, ConvEncoder, DenseDecoder, DenseEncoder

KEY = jax.random.key(0)


def shape_of(net, *shape):
    out, _ = jax.eval_shape(net.init_with_output, KEY, np.zeros((2, *shape), np.float32))
    assert out.dtype == np.float32
    return out.shape[1:]


def count(net, *shape):
    variables = jax.eval_shape(net.init, KEY, np.zeros((2, *shape), np.float32))
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables))


def test_the_dense_nets_have_the_parameters_of_pytorchs_example():
    encoder = count(DenseEncoder(hidden=400, outputs=40), 28, 28, 1)
    assert encoder == 784 * 400 + 400 + 400 * 40 + 40
    decoder = count(DenseDecoder(hidden=400), 20)
    assert decoder == 20 * 400 + 400 + 400 * 784 + 784
    assert count(DenseEncoder(hidden=5, layers=3), 28, 28, 1) == 785 * 5 + 2 * 6 * 5 + 6 * 2


@pytest.mark.parametrize("sides", [(28, 28), (7, 7), (13, 30), (1, 5)])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_convolutional_nets_take_every_size(sides, depth):
    shape = (*sides, 3)
    encoder = ConvEncoder(features=2, depth=depth, outputs=6, image_shape=shape, dtype="bfloat16")
    assert shape_of(encoder, *shape) == (6,)
    decoder = ConvDecoder(features=2, depth=depth, image_shape=shape, dtype="bfloat16")
    assert shape_of(decoder, 6) == shape


def test_a_map_is_made_of_images_of_any_size():
    encoder = ConvEncoder(features=2, code="map", outputs=5, image_shape=(28, 28, 1))
    assert encoder.multiple == 4
    assert shape_of(encoder, 12, 20, 1) == (3, 5, 5)
    assert shape_of(ConvDecoder(features=2, code="map"), 3, 5, 5) == (12, 20, 1)
    assert ConvEncoder().multiple == 0
    with pytest.raises(InputError, match="takes multiples of 4 from 4, not 10x20: use 20"):
        shape_of(encoder, 10, 20, 1)
