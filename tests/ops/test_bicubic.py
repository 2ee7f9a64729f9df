"""MATLAB's imresize, beside its definition in loops of float64."""

import math
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.metrics import fidelity
from jaxgan.ops import bicubic
from jaxgan.ops.bicubic import kernel
from jaxgan.ops.pixels import to_float, to_uint8


def cubic(t):
    """Keys' kernel for one number."""
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0.0


def imresize_row(row, scale):
    """A row as MATLAB's ``contributions`` weighs it, pixels counted from 1."""
    n, shrink = len(row), min(scale, 1.0)
    out = []
    for x in range(1, math.ceil(n * scale - 1e-9) + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - 2 / shrink)
        places = range(left, left + math.ceil(4 / shrink) + 2)
        weights = [shrink * cubic(shrink * (u - k)) for k in places]
        aux = [*range(1, n + 1), *range(n, 0, -1)]  # MATLAB's mirror
        values = [row[aux[(k - 1) % (2 * n)] - 1] for k in places]
        out.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
    return np.array(out)


@pytest.mark.parametrize("scale", [1 / 2, 1 / 3, 1 / 4, 0.7, 1.0, 1.5, 2, 3, 4])
def test_it_is_the_definition(scale):
    image = np.random.default_rng(0).uniform(0, 255, (12, 9, 2))
    rows = np.stack([imresize_row(c, scale) for c in image.reshape(12, -1).T], -1)
    rows = rows.reshape(-1, 9, 2)
    both = np.stack([imresize_row(r, scale) for r in rows.swapaxes(0, 1).reshape(9, -1).T], -1)
    expected = both.reshape(-1, rows.shape[0], 2).swapaxes(0, 1)
    found = jax.jit(bicubic, static_argnums=1)(jnp.asarray(image[None], jnp.float32), scale)
    assert found.shape == (1, *expected.shape)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=2e-4)


def test_the_kernel_interpolates_and_sums_to_one():
    t = np.linspace(-0.5, 0.5, 11)
    np.testing.assert_allclose(kernel(np.array([0.0, 1.0, 2.0, -1.0])), [1, 0, 0, 0], atol=1e-15)
    np.testing.assert_allclose(sum(kernel(t + k) for k in range(-2, 3)), 1.0, rtol=1e-12)


def test_a_constant_stays_and_a_line_is_reproduced_inside():
    ramp = jnp.broadcast_to(jnp.arange(16.0)[None, :, None, None], (1, 16, 16, 1))
    half = bicubic(ramp, 1 / 2)[0, 2:-2, 0, 0]
    np.testing.assert_allclose(half, np.arange(8)[2:-2] * 2 + 0.5, rtol=1e-5)
    np.testing.assert_allclose(bicubic(jnp.full((1, 6, 6, 1), 3.0), 2), 3.0, rtol=1e-6)


def test_its_gradient_is_its_transpose():
    x = jax.random.normal(jax.random.key(0), (1, 8, 8, 1))
    g = jax.random.normal(jax.random.key(1), (1, 4, 4, 1))
    out, back = jax.vjp(lambda x: bicubic(x, 0.5), x)
    np.testing.assert_allclose((out * g).sum(), (x * back(g)[0]).sum(), rtol=1e-4)


@pytest.fixture
def set5(shared):
    with zipfile.ZipFile(shared / "super_resolution" / "t91_set5_png.zip") as archive:
        names = [name for name in archive.namelist() if "Set5/" in name and name.endswith(".png")]
        return [np.asarray(Image.open(archive.open(name)).convert("RGB")) for name in names]


OTHERS = [
    pytest.param(3, 30.39, marks=pytest.mark.slow),
    pytest.param(4, 28.42, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("scale,published", [(2, 33.66), *OTHERS])
def test_set5_has_the_published_numbers(set5, scale, published):
    """As the tables of SRCNN, VDSR and EDSR have them."""

    @jax.jit
    def psnr(real):
        low = to_uint8(bicubic(to_float(real), 1 / scale))
        made = to_uint8(bicubic(to_float(low), scale))
        return fidelity(made, real, scale)[f"psnr_y_x{scale}_border{scale}"][0]

    sides = [[side // scale * scale for side in image.shape[:2]] for image in set5]
    found = [psnr(image[None, :h, :w]) for image, (h, w) in zip(set5, sides, strict=True)]
    assert len(found) == 5
    assert np.mean(found) == pytest.approx(published, abs=0.03)
