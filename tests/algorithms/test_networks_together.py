"""Several batches through one net: one forward, or one each where a layer mixes the examples."""

import jax
import numpy as np
import pytest

from jaxgan.algorithms._parts.networks import apply_net, together
from jaxgan.nets import BookDCGANDiscriminator, ProGANDiscriminator


@pytest.mark.parametrize(
    ("net", "norm"),
    [
        (ProGANDiscriminator, {"features": 2, "base": 16}),
        (BookDCGANDiscriminator, {"features": 2, "norm": "batch"}),
        (BookDCGANDiscriminator, {"features": 2, "norm": "none"}),
    ],
    ids=["stddev", "batch", "none"],
)
def test_real_and_fake_scores_are_those_of_each_batch_alone(net, norm):
    net = net(**norm, image_shape=(8, 8, 1))
    keys = jax.random.split(jax.random.key(0), 3)
    real, fake = jax.random.normal(keys[0], (2, 4, 8, 8, 1)) * np.array([1, 5])[:, *[None] * 4]
    variables = jax.jit(net.init)(keys[1], real)
    found, _ = jax.jit(lambda v, *x: together(net, v, *x))(variables, real, fake)
    apart = jax.jit(lambda v, x: apply_net(net, v, x)[0])
    for scores, images in zip(found, (real, fake), strict=True):
        np.testing.assert_allclose(scores, apart(variables, images), rtol=1e-4, atol=1e-6)
