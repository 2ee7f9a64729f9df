"""The sheets of a leg: fixed examples, whatever the batch."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from jaxgan.data.dataset import open_dataset
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
