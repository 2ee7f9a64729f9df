"""A leg: sheets of fixed examples, whatever the batch, and steps in a call."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from jaxgan.core import Spec, advance
from jaxgan.data.dataset import open_dataset
from jaxgan.run import calls
from jaxgan.run.config import Checkpoint, Log, Sample
from jaxgan.run.session import open_stages
from jaxgan.system.devices import Devices
from tests.small import ALGORITHMS, small_run


@pytest.mark.parametrize("name", ["cyclegan", "pix2pix"])
def test_a_translators_sheet_has_the_same_rows_at_every_step_and_batch_1(name, tmp_path):
    run = small_run(ALGORITHMS[name], tmp_path)
    data = replace(run.data, batch_size=1, flip=True, crop=2, jitter=0.5)
    [stage], _ = open_stages(replace(run, data=data), Devices(1))
    plain = open_dataset(replace(data, flip=False, jitter=0.0)).gallery()
    for domain, images in plain.items():
        assert len(images) == 8
        np.testing.assert_array_equal(stage.gallery[domain], images)
    columns = jax.eval_shape(
        lambda state, gallery: stage.leg.algorithm.show(
            state.weights(), gallery, jax.random.key(0)
        ),
        stage.like,
        stage.gallery,
    )
    assert {column.shape for column in columns.values()} == {(8, 8, 8, 3)}


def test_a_call_of_a_population_has_the_flops_of_all_members(tmp_path, monkeypatch):
    every = {"checkpoint": Checkpoint(every=8), "sample": Sample(every=8), "log": Log(every=8)}
    run = small_run(ALGORITHMS["gan"], tmp_path, steps_per_call=None, **every)

    def counts():
        sizes = [replace(run, population=size) for size in (1, 4)]
        return [open_stages(own, Devices(1))[0][0].steps_per_call for own in sizes]

    assert counts() == [8, 8]
    [single], _ = open_stages(run, Devices(1))
    algorithm = single.leg.algorithm
    batch = Spec(single.dataset.features, 8).batch(8, algorithm.batches_per_step)
    step = jax.make_jaxpr(advance(algorithm))(single.like, batch, jax.random.key(0))
    monkeypatch.setattr(calls, "FLOPS", 8 * calls.matmul_flops(step.jaxpr))
    assert counts() == [8, 2]
