"""The precision and the determinism of a run, where it is trained, used and resumed."""

from dataclasses import replace

import jax

from jaxgan.run import config
from jaxgan.run.opened import open_run
from jaxgan.run.session import open_stages
from jaxgan.system.devices import Devices, Parallel
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

KEY = jax.random.key(0)


def test_a_run_is_trained_and_used_at_its_precision(tmp_path):
    run = small_run(ALGORITHMS["gan"], tmp_path / "run", steps=2, precision="highest")
    (stage,), _ = open_stages(run, Devices(1))
    text = (
        jax.jit(stage.leg.algorithm.step).lower(stage.like, stage.programs.first(), KEY).as_text()
    )
    assert "HIGHEST" in text
    train(run)
    opened = open_run(tmp_path / "run")
    sample = jax.jit(lambda weights: opened.functions["sample"].apply(weights, {"n": 2}, KEY))
    assert "HIGHEST" in sample.lower(dict(opened.weights)).as_text()
    assert opened.sample(1).shape == (1, 8, 8, 1)


def test_a_resumed_run_keeps_its_precision_and_may_become_deterministic():
    run = small_run(ALGORITHMS["gan"], "out")
    old = config.encode(run)
    assert config.differences(old, replace(run, precision="highest")) == [
        "precision was default and is now highest"
    ]
    assert config.differences(old, replace(run, parallel=Parallel(deterministic=True))) == []
    del old["precision"], old["parallel"]["deterministic"]  # of a run made before there were any
    assert config.differences(old, run) == []
