"""CycleGAN in all three libraries: the paper's nets, one pool, and the same steps."""

import dataclasses

import jax
import numpy as np
import pytest
from flax import traverse_util

from benchmarks.jaxgan_step import build
from benchmarks.workloads import WORKLOADS, random_bytes, spec_of
from jaxgan.core import advance

pytestmark = pytest.mark.peers

BATCH, STEPS = 2, 3
FORMS = ("eager", "channels_last")
RESNET_6, RESNET_9, PATCHGAN = 7_837_699, 11_378_179, 2_764_737
"""Parameters of pytorch-CycleGAN-and-pix2pix's nets."""
SMALL = dataclasses.replace(
    WORKLOADS["cyclegan_64"], features=(3, 2), image_shape=(32, 32, 3), learning_rate=1e-4
)


def torch_peers():
    pytest.importorskip("torch").set_num_threads(1)  # other tests run beside these
    from benchmarks.peers import torch_cyclegan, torch_gan

    return torch_gan, torch_cyclegan


def tensorflow_peers():
    pytest.importorskip("tensorflow")
    pytest.importorskip("jaxgan.data.hosttf")  # so that TensorFlow leaves a GPU to JAX
    from benchmarks.peers import tensorflow_cyclegan, tensorflow_gan

    return tensorflow_gan, tensorflow_cyclegan


LIBRARIES = pytest.mark.parametrize("library", [torch_peers, tensorflow_peers])


@LIBRARIES
@pytest.mark.parametrize("size, resnet", [(128, RESNET_6), (256, RESNET_9)])
def test_the_nets_have_the_numbers_of_parameters_of_the_papers(library, size, resnet):
    peers, cyclegan = library()
    nets = cyclegan.cyclegan(WORKLOADS[f"cyclegan_{size}"])
    assert peers.parameters(nets) == [2 * resnet, 2 * PATCHGAN]


# The pool.


def pool_of(library, draws=None):
    """A pool of two images of one pixel: ``(numbers to numbers, the pool)``."""
    _, module = library()
    pool = module.Pool(2, (1, 1, 1))
    if library is torch_peers:
        if draws is not None:
            pool.draw = iter(draws).__next__
        make = module.torch.tensor
    else:
        if draws is not None:  # it draws while it fills, too
            draws = iter([None, None, *draws])
            pool.draw = lambda: tensorflow_draw(module.tf, next(draws))
        make = module.tf.constant

    def query(numbers):
        images = make(np.asarray(numbers, np.float32).reshape(-1, 1, 1, 1))
        return pool(images).numpy().ravel().tolist()

    return query, pool


def tensorflow_draw(tf, slot):
    return tf.constant(slot is not None), tf.constant(slot or 0)


@LIBRARIES
def test_a_full_pool_gives_older_images_one_by_one(library):
    query, pool = pool_of(library, [None, 0, 0, 1])
    assert query([1, 2]) == [1, 2]
    assert query([3, 4]) == [3, 1]  # 4 takes the place of 1
    assert query([5, 6]) == [4, 2]
    assert np.ravel(pool.images.numpy()).tolist() == [5, 6]


@LIBRARIES
def test_half_of_the_draws_exchange_and_every_slot_is_drawn(library):
    query, pool = pool_of(library)
    query([1, 2])
    older, kept = 0, set()
    for number in range(3, 203):
        (given,) = query([number])
        older += given != number
        kept |= {slot for slot, image in enumerate(np.ravel(pool.images.numpy())) if image > 2}
    assert 70 < older < 130
    assert kept == {0, 1}


# The steps.


def tensorflow_convs(layer):
    """The convolutions of a net from its first to its last."""
    inner = getattr(layer, "layers", None) or ([layer.body] if hasattr(layer, "body") else [])
    if hasattr(layer, "kernel"):
        yield layer
    for part in inner:
        yield from tensorflow_convs(part)


def enlarge(step):
    """Larger kernels: with small gradients Adam magnifies roundings to 1e-3 in three steps."""
    for net in (*step.G.nets, *step.D.nets):
        for conv in tensorflow_convs(net):
            conv.kernel.assign(10.0 * conv.kernel)


def port(torch, net, source):
    """Writes TensorFlow's weights: of both kinds of convolution they differ by the axes' order."""
    kinds = torch.nn.Conv2d | torch.nn.ConvTranspose2d
    convs = [layer for layer in net.modules() if isinstance(layer, kinds)]
    with torch.no_grad():
        for conv, theirs in zip(convs, tensorflow_convs(source), strict=True):
            kernel = theirs.kernel.numpy().transpose(3, 2, 0, 1).copy()
            assert conv.weight.shape == kernel.shape
            conv.weight.copy_(torch.from_numpy(kernel))
            conv.bias.copy_(torch.from_numpy(theirs.bias.numpy()))


def test_both_libraries_take_the_same_steps(monkeypatch):
    (_, theirs), (_, ours) = tensorflow_peers(), torch_peers()
    tf, torch = theirs.tf, ours.torch
    for module, draw in ((theirs, lambda self: tensorflow_draw(tf, 1)), (ours, lambda self: 1)):
        monkeypatch.setattr(module, "POOL", 3)
        monkeypatch.setattr(module.Pool, "draw", draw)
    arrays = random_bytes(SMALL, BATCH)
    tf.random.set_seed(0)
    source = theirs.CycleGan(theirs.cyclegan(SMALL), SMALL)
    enlarge(source)
    steps = {form: ours.CycleGan(ours.cyclegan(SMALL), SMALL, arrays, form) for form in FORMS}
    for step in steps.values():
        for net, other in zip((*step.G, *step.D), (*source.G.nets, *source.D.nets), strict=True):
            port(torch, net, other)
    compiled = tf.function(source.__call__, autograph=False)
    data = {name: tf.constant(array) for name, array in arrays.items()}
    expected = [[float(loss) for loss in compiled(**data)] for _ in range(STEPS)]
    for step in steps.values():
        losses = [[float(loss) for loss in step()] for _ in range(STEPS)]
        np.testing.assert_allclose(losses, expected, 1e-4, 1e-4)
        assert all(p.requires_grad for p in step.D.parameters())
        pools = [pool.images.permute(0, 2, 3, 1).numpy() for pool in step.pools]
        np.testing.assert_allclose(pools, [p.images.numpy() for p in source.pools], 0.0, 1e-2)


# jaxgan's side.


def algorithm_of(workload):
    return workload.jaxgan(workload).build(spec_of(workload))


@pytest.mark.parametrize("size, resnet", [(128, RESNET_6), (256, RESNET_9)])
def test_jaxgan_has_as_many_parameters(size, resnet):
    init = algorithm_of(WORKLOADS[f"cyclegan_{size}"]).init
    players = jax.eval_shape(init, jax.random.key(0), None).players.values()
    leaves = [jax.tree.leaves(player.variables["params"]) for player in players]
    sizes = [sum(np.prod(p.shape, dtype=int) for p in params) for params in leaves]
    assert sizes == [resnet, resnet, PATCHGAN, PATCHGAN]


def fill(net, params):
    """Writes jaxgan's weights."""
    flat = traverse_util.flatten_dict(jax.device_get(params), sep="/")
    for i, conv in enumerate(tensorflow_convs(net)):
        name = f"Layer_{i}/{'ConvTranspose' if conv.transpose else 'Conv'}_0"
        kernel = flat.pop(f"{name}/kernel")
        conv.kernel.assign(kernel[::-1, ::-1].swapaxes(2, 3) if conv.transpose else kernel)
        conv.bias.assign(flat.pop(f"{name}/bias"))
    assert not flat, list(flat)


@pytest.mark.slow
def test_tensorflow_takes_jaxgans_steps():
    _, module = tensorflow_peers()
    algorithm, arrays = algorithm_of(SMALL), random_bytes(SMALL, BATCH)
    state = jax.jit(algorithm.init)(jax.random.key(0), None)
    state = jax.tree.map(lambda x: x * 10 if x.ndim == 4 else x, state)  # see enlarge
    source = module.CycleGan(module.cyclegan(SMALL), SMALL)
    for net, player in zip((*source.G.nets, *source.D.nets), state.players.values(), strict=True):
        fill(net, player.variables["params"])
    step, expected = jax.jit(advance(algorithm)), []
    for _ in range(STEPS):
        state, metrics = step(state, arrays, jax.random.key(0))
        expected.append([metrics["discriminators_loss"], metrics["generators_loss"]])
    compiled = module.tf.function(source.__call__, autograph=False)
    data = {name: module.tf.constant(array) for name, array in arrays.items()}
    losses = [[float(loss) for loss in compiled(**data)] for _ in range(STEPS)]
    np.testing.assert_allclose(losses, np.asarray(expected), 1e-4, 1e-4)


@pytest.mark.slow
def test_jaxgan_takes_steps_from_a_set_of_two_domains(monkeypatch):
    monkeypatch.setattr("benchmarks.jaxgan_step.RESIDENT", 8)
    runner = build(SMALL, random_bytes(SMALL, 4), "x1 device")  # four devices share a batch
    metrics = runner.wait(runner.call())
    assert metrics["generators_loss"].shape == ()
    assert np.isfinite(metrics["generators_loss"]).all()
