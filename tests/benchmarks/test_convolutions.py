"""Convolutions counted in the HLO of a program."""

from dataclasses import replace

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from benchmarks import convolutions
from benchmarks.workloads import WORKLOADS
from jaxgan.ops import ConvTranspose

CUDNN = """
  %a = (f32[8,4]{1,0}, u8[0]{0}) custom-call(%x, %k), window={size=3x3 pad=1_1x1_1}, \
dim_labels=b01f_01io->b01f, custom_call_target="__cudnn$convForward", backend_config={}
  %b = (f32[8,4]{1,0}, u8[0]{0}) custom-call(%x, %k), window={size=3x3 stride=2x2 pad=1_1x1_1}, \
custom_call_target="__cudnn$convBiasActivationForward"
  %c = (f32[8,4]{1,0}, u8[0]{0}) custom-call(%x, %k), window={size=3x3 stride=2x2}, \
custom_call_target="__cudnn$convBackwardInput"
  %d = (f32[8,4]{1,0}, u8[0]{0}) custom-call(%x, %k), window={size=3x3}, \
custom_call_target="__cudnn$convBackwardFilter"
  %e = (f32[8,4]{1,0}, u8[0]{0}) custom-call(%x, %k), window={size=3x3 lhs_dilate=2x2}, \
custom_call_target="__cudnn$convForward"
  %f = f32[8,4]{1,0} custom-call(%x, %k), custom_call_target="__cublas$gemm"
  %g = f32[8,4]{1,0} convolution(%x, %k), window={size=3x3}, dim_labels=b01f_01io->b01f
"""


def test_cudnns_are_counted_by_kind_and_one_over_zeros_apart():
    expected = {"forward": 2, "input": 1, "kernel": 1, "over zeros": 1, "convolution": 1}
    assert convolutions.count(CUDNN) == expected


@pytest.mark.parametrize("layer,over", [(nn.ConvTranspose, 1), (ConvTranspose, 0)])
def test_ours_multiplies_no_zeros_where_flaxs_does(layer, over):
    net, x = layer(4, (3, 3), strides=(2, 2)), jnp.zeros((2, 8, 8, 4))
    variables = jax.eval_shape(net.init, jax.random.key(0), x)
    found = convolutions.count(jax.jit(net.apply).lower(variables, x).compile().as_text())
    assert found["over zeros"] == over
    assert sum(found.values()) >= 1


@pytest.mark.peers
def test_a_step_of_a_workload_has_convolutions_and_none_over_zeros():
    tiny = replace(WORKLOADS["dcgan_28"], image_shape=(8, 8, 1), features=(2, 2))
    found = convolutions.of_step(tiny, 8)
    assert found["convolution"] > 2
    assert not found["over zeros"]
