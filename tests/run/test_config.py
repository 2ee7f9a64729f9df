"""What a config may say, and what a resumed run may change."""

import math
from dataclasses import fields, replace

import pytest
from flax import linen as nn

from jaxgan.algorithms import Adam, Targets
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.nets import MLPGenerator, R3GANGenerator, ResNetGenerator, StyleGAN2Generator
from jaxgan.run import config
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices, Parallel
from tests.small import ALGORITHMS, small_run


def test_a_call_of_several_steps_must_divide_the_intervals():
    run = small_run(ALGORITHMS["gan"], "out", steps_per_call=3)
    with pytest.raises(InputError, match=r"steps_per_call: 3 does not divide checkpoint\.every 4"):
        config.check(run)


def test_a_resumed_run_may_change_calls_placement_and_processes():
    run = small_run(ALGORITHMS["gan"], "out")
    data = replace(run.data, on_device=True)
    other = replace(run, data=data, steps_per_call=2, parallel=Parallel(state="sharded"))
    assert config.differences(config.encode(run), other) == []
    other = replace(run, data=Data(image_size=12, batch_size=8))
    assert config.differences(config.encode(run), other) != []


def test_a_field_that_an_old_config_does_not_know_has_its_default():
    run = small_run(ALGORITHMS["gan"], "out")
    old = config.encode(run)
    del old["seed"], old["data"]["jitter"]
    assert config.differences(old, run) == []
    assert config.differences(old, replace(run, seed=3)) == ["seed was 0 and is now 3"]


GAN = ALGORITHMS["gan"]


class Stages(nn.Module):
    """A net of one's own, with a width for each stage."""

    widths: tuple[int, ...] = (8, 4)
    residual: bool = False


def test_a_net_may_have_zeros_where_its_default_or_its_field_allows_them(tmp_path):
    nets = {"generator": StyleGAN2Generator(low_precision=0), "discriminator": Stages((1,))}
    config.check(small_run(replace(GAN, **nets), tmp_path / "run"))
    config.check(small_run(replace(GAN, generator=ResNetGenerator(blocks=0)), tmp_path / "run"))


@pytest.mark.parametrize(
    "changes,line",
    [
        ({"seed": 2**63}, r"seed: 9223372036854775808 has more than 63 bits"),
        ({"steps": 10**30}, r"steps: 10+ has more than 63 bits"),
        ({"decay_steps": 0}, r"decay_steps: 0 is below 1"),
        (
            {"generator_optimizer": Adam(lr=math.inf)},
            r"optimizer\.lr: inf is not a finite",
        ),
        (
            {"generator_optimizer": Adam(eps=math.nan)},
            r"optimizer\.eps: nan is not a finite",
        ),
        ({"generator": MLPGenerator(hidden=0)}, r"algorithm\.generator\.hidden: 0 is below 1"),
        (
            {"generator": R3GANGenerator(expansion=0)},
            r"algorithm\.generator\.expansion: 0 is below 1",
        ),
        ({"generator": Stages((4, 0))}, r"algorithm\.generator\.widths: 0 is below 1"),
        (
            {"generator": StyleGAN2Generator(low_precision=-1)},
            r"algorithm\.generator\.low_precision: -1 is below 0",
        ),
        ({"generator": ResNetGenerator(blocks=-1)}, r"algorithm\.generator\.blocks: -1 is below 0"),
        ({"latent_dim": 0}, r"algorithm\.latent_dim: 0 is below 1"),
        ({"targets": Targets(noise=-1.0)}, r"algorithm\.targets\.noise: -1\.0 is below 0"),
    ],
)
def test_numbers_out_of_range_are_named_before_anything_is_made(changes, line, tmp_path):
    run = small_run(GAN, tmp_path / "run")
    inner = changes.keys() <= {f.name for f in fields(GAN)}
    run = replace(run, algorithm=replace(GAN, **changes)) if inner else replace(run, **changes)
    with pytest.raises(InputError, match=line):
        Session(run, devices=Devices(1))
    assert list(tmp_path.iterdir()) == []
