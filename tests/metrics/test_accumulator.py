"""Results of accumulators by name."""

import jax.numpy as jnp
import pytest

from jaxgan.metrics import Confusion, Mean, Rows
from jaxgan.metrics.accumulator import numbers


def test_numbers_by_name_keep_their_order():
    labels = jnp.asarray([0, 1])
    confusion = Confusion.create(2).update(labels, labels)
    found = numbers(
        {
            "psnr": Mean.create().update(jnp.asarray([20.0, 30.0])),
            "classes": confusion,
        }
    )
    assert list(found) == ["psnr", *(f"classes/{key}" for key in confusion.compute())]
    assert list(found)[1:3] == ["classes/mean_iou", "classes/mean_dice"]
    assert found["psnr"] == 25.0


def test_a_table_is_no_number():
    with pytest.raises(ValueError, match=r"codes: Rows\.compute"):
        numbers({"codes": Rows.create(2, 3)})
