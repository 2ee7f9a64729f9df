import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.core import Feature
from jaxgan.data.images.augment import augmented, carried_out
from jaxgan.data.images.resize import crop

RNG = np.random.default_rng(0)
IMAGE, MASK = Feature("image", (8, 8, 2)), Feature("mask", (8, 8), 4)
FEATURES = {"image": IMAGE, "mask": MASK, "label": Feature("label", (), 3)}
EXAMPLES = {
    "image": RNG.integers(0, 256, (50, 9, 12, 2), dtype=np.uint8),
    "mask": RNG.integers(0, 4, (50, 9, 12), dtype=np.uint8),
    "label": RNG.integers(0, 3, 50, dtype=np.int32),
}


def plan(*lead: int) -> dict[str, np.ndarray]:
    own = {k: RNG.integers(0, 2**16, lead, dtype=np.int32) for k in "yx"}
    own["y"].flat[0] = own["x"].flat[0] = 2**16 - 1  # The largest fraction: still inside.
    return {
        "index": RNG.integers(0, 50, lead, dtype=np.int32),
        **own,
        "flip": RNG.random(lead) < 0.5,
    }


@pytest.mark.parametrize("lead", [(30,), (2, 3, 5)])
def test_images_and_masks_have_the_window_and_the_side_of_the_plan(lead):
    own = plan(*lead)
    out = carried_out(EXAMPLES, {"": own}, FEATURES, 0.0)
    for name in ("image", "mask"):
        assert out[name].shape == (*lead, *FEATURES[name].shape)
        for at in np.ndindex(*lead):
            window = crop(EXAMPLES[name][own["index"][at]], 8, int(own["y"][at]), int(own["x"][at]))
            np.testing.assert_array_equal(
                out[name][at], window[:, ::-1] if own["flip"][at] else window
            )
    np.testing.assert_array_equal(out["label"], EXAMPLES["label"][own["index"]])


@pytest.mark.parametrize("lead", [(30,), (2, 3, 5)])
def test_compiled_is_the_same(lead):
    own = {"": plan(*lead)}
    compiled = jax.jit(lambda examples, plan: carried_out(examples, plan, FEATURES, 0.0))
    out = compiled(jax.tree.map(jnp.asarray, EXAMPLES), own)
    for name, expected in carried_out(EXAMPLES, own, FEATURES, 0.0).items():
        assert out[name].dtype == expected.dtype
        np.testing.assert_array_equal(out[name], expected)


def test_masks_are_never_coloured():
    random = np.full((4, 3), 60_000, np.int32)
    image, mask = (np.full((4, 8, 8, 3), 90, np.uint8), np.full((4, 8, 8), 3, np.uint8))
    assert (augmented(image, {"jitter": random}, IMAGE, 1.0) != image).any()
    np.testing.assert_array_equal(augmented(mask, {"jitter": random}, MASK, 1.0), mask)
