"""Every tensor of a file of weights is read, and the file of another net is refused."""

import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.measure.features import inception_variables, squeezenet_variables, vgg_variables
from jaxgan.nets import VGG

peers = pytest.importorskip("benchmarks.peers.torch_features", reason="the layouts are PyTorch's")

SQUEEZENET, STOPPED = peers.squeezenet_state(), VGG(16, stop="relu1_1")
BLOCK = "Mixed_5b.branch1x1.conv.weight"


def vgg16():
    """torchvision's names and shapes, in no memory to speak of."""
    shapes = peers.shapes_of(peers.torchvision.models.vgg16)
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


def test_no_tensor_of_inception_is_lost():
    state = peers.inception_state()
    leaves = jax.tree.leaves(inception_variables(state))
    tensors = [x for name, x in state.items() if not name.endswith("num_batches_tracked")]
    assert sorted(leaf.size for leaf in leaves) == sorted(x.size for x in tensors)
    assert {leaf.dtype for leaf in leaves} == {np.dtype(np.float32)}


def test_axes_are_height_width_in_out():
    params = squeezenet_variables(SQUEEZENET)["params"]
    kernel = params["fire3"]["expand3x3"]["kernel"]
    np.testing.assert_array_equal(kernel, SQUEEZENET["fire3/expand3x3/w"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(params["conv10"]["bias"], SQUEEZENET["conv10/b"])


def test_weights_of_half_precision_become_float32():
    half = {name: x.astype(np.float16) for name, x in SQUEEZENET.items()}
    leaves = jax.tree.leaves(squeezenet_variables(half))
    assert {leaf.dtype for leaf in leaves} == {np.dtype(np.float32)}


def test_vgg_may_leave_out_the_later_layers_of_its_file():
    assert list(vgg_variables(vgg16(), STOPPED)["params"]) == ["conv1_1"]


@pytest.mark.parametrize(
    "read,change,message",
    [
        (
            inception_variables,
            lambda state: SQUEEZENET,
            "the file has no tensor Conv2d_1a_3x3.conv.weight; is it the weights of another net?",
        ),
        (
            inception_variables,
            lambda state: state | {BLOCK: state[BLOCK][:, :100]},
            f"{BLOCK} has shape (64, 100, 1, 1), Inception needs (64, 192, 1, 1); is it the "
            "weights of another net?",
        ),
        (
            inception_variables,
            lambda state: state | {"fc.weight": state["fc.weight"][:1000]},
            "fc.weight has shape (1000, 2048), Inception needs (1008, 2048); is it the weights of "
            "another net?",
        ),
        (
            inception_variables,
            lambda state: state | {"AuxLogits.fc.bias": np.zeros(1)},
            "Inception knows no tensor AuxLogits.fc.bias; is it the weights of another net?",
        ),
        (
            squeezenet_variables,
            lambda state: state,
            "the file has no tensor conv1/w; is it the weights of another net?",
        ),
        (
            vgg_variables,
            lambda state: peers.vgg19_state(),
            "the file has no tensor conv3_2/w; is it the weights of another net?",
        ),
        (
            lambda state: vgg_variables(state, STOPPED),
            lambda state: vgg16() | {"features.1.weight": np.zeros(64)},
            "VGG knows no tensor features.1.weight; is it the weights of another net?",
        ),
    ],
)
def test_another_nets_file_is_one_line(read, change, message):
    with pytest.raises(InputError) as caught:
        read(change(peers.inception_state()))
    assert str(caught.value) == f"weights: {message}"
