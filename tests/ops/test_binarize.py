import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.ops import binarize

RNG = np.random.default_rng(0)
IMAGES = jnp.asarray(RNG.integers(0, 256, (4000, 4, 4, 1)).astype(np.uint8))


def share_white(bits, images):
    """The share of ones among the pixels of each sixteenth of the levels."""
    bits, groups = np.asarray(bits).ravel(), np.asarray(images).ravel() // 16
    return np.bincount(groups, bits, 16) / np.bincount(groups, minlength=16)


def test_a_pixel_is_white_with_the_probability_of_its_level():
    expected = (np.arange(16) * 16 + 7.5) / 255
    drawn = binarize.resampled(IMAGES, jax.random.key(0))
    for bits in (drawn, binarize.static(IMAGES, 0)):
        assert set(np.unique(bits)) == {0, 1}
        np.testing.assert_allclose(share_white(bits, IMAGES), expected, atol=0.03)
    ends = jnp.asarray([[[[0]], [[255]]]], jnp.uint8)
    np.testing.assert_array_equal(binarize.static(ends, 3).ravel(), [0, 1])


def test_an_image_has_one_static_form_wherever_it_stands():
    bits = np.asarray(binarize.static(IMAGES, 0))
    order = RNG.permutation(len(IMAGES))
    np.testing.assert_array_equal(binarize.static(IMAGES[order], 0), bits[order])
    assert (np.asarray(binarize.static(IMAGES, 1)) != bits).mean() > 0.2
    one = IMAGES[:1]  # another image has another form
    pair = jnp.concatenate([jnp.full_like(one, 128), jnp.full_like(one, 127)])
    both = np.asarray(binarize.static(pair, 0))
    assert 2 < (both[0] != both[1]).sum() < 14
