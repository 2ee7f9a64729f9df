"""How many steps one compiled call takes."""

from dataclasses import replace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.core import advance, several
from jaxgan.ops import Conv, ConvTranspose
from jaxgan.run import programs
from jaxgan.run.calls import matmul_flops, slow_in_a_loop, steps_per_call
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample
from jaxgan.run.loop import train
from tests.small import ALGORITHMS, small_run, spec_of

BATCH = {"image": np.zeros((64, 28, 28, 1), np.uint8)}
EVERY = {"checkpoint": Checkpoint(every=96), "sample": Sample(every=48), "log": Log(every=48)}
RUN = Run(algorithm=ALGORITHMS["gan"], steps=480, **EVERY)


def plain(state, batch, key):
    """A step without convolutions."""
    return state, {}


def of_layer(layer):
    """A step that learns by the gradients of a layer of 4 channels and a stride."""
    net, x = layer(4, (3, 3), strides=(2, 2)), jnp.zeros((2, 8, 8, 4))
    variables = jax.eval_shape(net.init, jax.random.key(0), x)

    def step(state, batch, key):
        loss = lambda x: jnp.square(net.apply(state, x)).sum()  # noqa: E731
        return jax.grad(lambda state: jnp.square(jax.grad(loss)(batch)).sum())(state), {}

    return steps_per_call(RUN, step, (variables, x, 0), backend="cpu")


@pytest.mark.parametrize("backend,most", [("cpu", 8), ("gpu", 16), ("tpu", 16)])
def test_as_many_as_divide_the_intervals_the_steps_and_the_legs(backend, most):
    def chosen(*bounds, **changes):
        return steps_per_call(replace(RUN, **changes), plain, (0, BATCH, 0), bounds, backend)

    assert chosen() == most
    assert chosen(steps=470) == 2
    assert chosen(log=Log(every=45)) == 3
    assert chosen(evaluate=Evaluate(every=18)) == 6
    assert chosen(0, 20) == 4
    assert chosen(steps=481) == 1
    assert chosen(steps_per_call=3) == 3
    assert chosen(steps_per_call=1) == 1


def test_large_batches_are_not_stacked():
    def of(size, backend):
        batch = {"image": np.zeros((size, 2**10), np.uint8)}
        return steps_per_call(RUN, plain, (0, batch, 0), (), backend)

    assert [of(size, "cpu") for size in (2**13, 2**14, 2**15, 2**16, 2**17)] == [8, 4, 2, 1, 1]
    assert [of(size, "gpu") for size in (2**12, 2**13, 2**17)] == [16, 8, 1]


def test_a_call_on_a_cpu_has_a_bounded_number_of_flops():
    def of(size, backend):
        batch = {"image": jax.ShapeDtypeStruct((size, 2**12), np.uint8)}
        kernel = jax.ShapeDtypeStruct((2**12, 2**14), np.float32)

        def step(state, batch, key):
            return batch["image"] @ state, {}

        return steps_per_call(RUN, step, (kernel, batch, 0), (), backend)

    assert [of(2**n, "cpu") for n in (9, 10, 11, 12, 13)] == [8, 4, 2, 1, 1]
    assert [of(2**n, "gpu") for n in (9, 10, 11, 12, 13)] == [16, 16, 8, 4, 2]


def test_matmul_flops_are_those_that_xla_counts():
    layer = Conv(16, (5, 5), strides=(2, 2), padding="VALID", use_bias=False)

    def program(variables, x, dense):
        return jnp.einsum("bhwc,hwcn->bn", layer.apply(variables, x), dense)

    x = jnp.zeros((4, 33, 33, 8))
    arguments = layer.init(jax.random.key(0), x), x, jnp.zeros((15, 15, 16, 10))
    step = jax.value_and_grad(lambda *values: program(*values).sum(), argnums=(0, 1, 2))
    for function in (program, step):
        xla = jax.jit(function).lower(*arguments).cost_analysis()["flops"]
        assert matmul_flops(jax.make_jaxpr(function)(*arguments).jaxpr) == pytest.approx(
            xla, rel=0.1
        )


def test_a_scan_has_the_flops_of_all_its_iterations():
    def program(x):
        return jax.lax.scan(lambda x, _: (x @ x, None), x, None, length=5)[0]

    assert matmul_flops(jax.make_jaxpr(program)(jnp.eye(8)).jaxpr) == 5 * 2 * 8**3


def test_a_step_whose_convolutions_are_slow_in_a_loop_is_called_alone():
    assert of_layer(nn.Conv) == of_layer(nn.ConvTranspose) == 1
    assert of_layer(Conv) == of_layer(ConvTranspose) == 8


@pytest.mark.parametrize(
    "name",
    [
        "wgan_gp",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("dcgan", "r3gan_images", "cyclegan", "pix2pix")
        ),
    ],
)
def test_our_nets_are_fast_in_a_loop(name):
    spec = spec_of(ALGORITHMS[name])
    algorithm = ALGORITHMS[name].build(spec)
    batch, key = spec.batch(2, algorithm.batches_per_step), jax.random.key(0)
    like = jax.eval_shape(algorithm.init, key, batch)
    assert not slow_in_a_loop(jax.make_jaxpr(advance(algorithm))(like, batch, key).jaxpr)


def test_the_loop_takes_the_chosen_number_and_logs_each_interval(tmp_path, monkeypatch):
    counts = []
    monkeypatch.setattr(
        programs, "several", lambda step, count: counts.append(count) or several(step, count)
    )
    every = {"checkpoint": Checkpoint(every=8), "sample": Sample(every=8), "log": Log(every=4)}
    run = small_run(ALGORITHMS["points"], tmp_path / "run", steps_per_call=None, **every)
    assert train(run) == 0
    assert counts == [4]
    assert sorted(p.name for p in (tmp_path / "run" / "checkpoints").iterdir()) == ["8"]
