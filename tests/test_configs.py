"""Every config builds what it says, and trains."""

from dataclasses import fields, replace

import chex
import flax.linen as nn
import jax
import numpy as np
import pytest

from jaxgan.algorithms import Adam, CycleGAN, Pix2Pix, Segmentation
from jaxgan.core import Feature, Spec, advance
from jaxgan.core.leg import legs
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run import config, configs
from jaxgan.run.configs import find_config
from tests.conftest import ROOT
from tests.small import STYLE_WEIGHTS, with_frozen

CONFIGS = [path for path in sorted((ROOT / "configs").glob("*.py")) if path.stem != "__init__"]


KEY = jax.random.key(0)


def narrow(net):
    """The same net with few channels."""
    if hasattr(net, "channel_max"):
        return net.clone(channel_max=2)
    width = "features" if hasattr(net, "features") else "hidden"
    fewer = {"blocks": 1} if hasattr(net, "blocks") else {}
    return net.clone(**{width: 2}, **fewer)


def spec_of(run):
    """What the run would be built for, at 64 px where it translates larger images."""
    size = run.data.image_size
    if run.data.source.startswith("points:"):
        point, label = Feature("array", (2,)), Feature("label", (), 8)
        return Spec({"point": point, "label": label}, run.steps)
    if isinstance(run.algorithm, CycleGAN | Pix2Pix):
        image = Feature("image", (min(size, 64), min(size, 64), 3))
        return Spec({"a": image, "b": image}, run.steps)
    if isinstance(run.algorithm, Segmentation):
        channels, classes = (1, 2) if run.data.source.startswith("masks:") else (3, 11)
        image = Feature("image", (64, 64, channels))
        return Spec({"image": image, "mask": Feature("mask", (64, 64), classes)}, run.steps)
    image = Feature("image", (size, size, run.data.channels or 1))
    if run.data.normal:
        row, anomaly = Feature("array", (30,)), Feature("label", (), 2)
        learnt = {"row": row} if run.data.source == "breast_cancer" else {"image": image}
        return Spec({**learnt, "anomaly": anomaly}, run.steps)
    return Spec({"image": image, "label": Feature("label", (), 10)}, run.steps)


def claim(path):
    return path.read_text().split('"""')[1]


LONG = ("pix2pix_maps",)
LONGEST = (
    *("sngan_cifar10", "sagan_cifar10", "biggan_cifar10", "r3gan_cifar10", "wgan_gp_cifar10"),
    *("cyclegan_book", "cyclegan_horse2zebra", "cyclegan_maps"),
    "dcgan_64",
)


def trained(path):
    """A case of the test that trains: long ones with ``-m peers``, the longest with ``-m slow``."""
    kinds = ((pytest.mark.peers, LONG), (pytest.mark.slow, LONGEST))
    marks = [mark for mark, names in kinds if path.stem in names]
    return pytest.param(path, marks=marks, id=path.stem)


def small(path):
    """The config's algorithm with narrow nets, of several legs the last, and a batch for it."""
    run = configs.load_config(path)
    assert run.name == path.stem
    parts = {f.name: getattr(run.algorithm, f.name) for f in fields(run.algorithm)}
    nets = {name: narrow(part) for name, part in parts.items() if isinstance(part, nn.Module)}
    if "weights" in parts:  # a file that the user has
        nets["weights"] = STYLE_WEIGHTS
    spec = spec_of(run)
    *_, leg = legs(replace(run.algorithm, **nets).build(spec), run.steps)
    return leg.algorithm, spec.batch(4, leg.algorithm.batches_per_step)


RUN = [path for path in CONFIGS if "Got" in claim(path)]
"""Configs that were run to their end."""


@pytest.mark.parametrize("path", RUN, ids=lambda p: p.stem)
def test_a_config_that_was_run_builds(path):
    algorithm, batch = small(path)
    assert jax.eval_shape(algorithm.init, KEY, batch).players


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN, ids=lambda p: p.stem)
def test_a_step_of_a_config_that_was_run_keeps_the_shapes_of_its_state(path):
    algorithm, batch = small(path)
    state = with_frozen(jax.eval_shape(algorithm.init, KEY, batch), algorithm)
    after, metrics = jax.eval_shape(advance(algorithm), state, batch, KEY)
    chex.assert_trees_all_equal_shapes_and_dtypes(after, state)
    assert {value.shape for value in metrics.values()} == {()}


@pytest.mark.parametrize("path", [trained(path) for path in CONFIGS if path not in RUN])
def test_a_recipe_that_was_not_run_trains_for_two_steps(path):
    algorithm, batch = small(path)
    state = with_frozen(jax.jit(algorithm.init)(KEY, batch), algorithm)
    step, found = jax.jit(advance(algorithm)), []
    for _ in range(2):
        state, metrics = step(state, batch, KEY)
        found.append(jax.device_get(metrics))
    for name in found[0]:  # NaN is a regularizer that was not computed in this step
        values = [metrics[name] for metrics in found]
        assert np.isfinite(values[0]), name
        assert not np.isinf(values[1]), name


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_config_survives_json(path):
    run = configs.load_config(path)
    assert config.decode(config.encode(run)) == run


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_config_is_a_claim(path):
    """It names its paper, and what was got or why nothing was."""
    text = claim(path)
    assert "Paper:" in text
    assert ("Got" in text) != ("recipe, not run" in text)


def test_two_configs_that_differ_say_where():
    old = find_config("cgan_digits")
    algorithm = replace(
        old.algorithm,
        generator_optimizer=Adam(lr=1e-4),
        discriminator_optimizer=Adam(),
        generator=BookDCGANGenerator(features=7),
        discriminator=BookDCGANDiscriminator(),
    )
    new = replace(old, steps=9, algorithm=algorithm)
    lines = config.differences(config.encode(old), new)
    assert "algorithm.generator.features was 24 and is now 7" in lines
    assert "algorithm.generator_optimizer.lr was 0.001 and is now 0.0001" in lines
    assert not [line for line in lines if line.startswith("steps")]


@pytest.mark.parametrize("name,decays", [("cgan_digits", True), ("wgan_mnist", False)])
def test_more_steps_are_the_same_run(name, decays):
    old = find_config(name)
    new = replace(old, steps=9, decay_steps=9)
    assert config.differences(config.encode(old), new) == []
    assert config.decays(old) == decays  # RMSprop's decay is a number
