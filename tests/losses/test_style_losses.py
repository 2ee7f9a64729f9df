"""The losses of style transfer beside NumPy's formulas and PyTorch's numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.losses.style import gram, grams, style, total_variation


def maps(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def gram_by_numpy(x):
    rows = x.astype(np.float64).reshape(len(x), -1, x.shape[-1])
    return np.stack([r.T @ r for r in rows]) / rows.shape[1]


def test_gram_matrices_are_means_of_products_over_the_places():
    x = maps(0, 2, 5, 7, 3)
    found = jax.jit(gram)(x)
    np.testing.assert_allclose(found, gram_by_numpy(x), rtol=1e-5, atol=1e-6)
    tiled = np.concatenate([x, x], axis=1)  # a larger image of the same style
    np.testing.assert_allclose(jax.jit(gram)(tiled), found, rtol=1e-5, atol=1e-6)


def test_style_is_the_mean_over_layers_of_the_mean_square():
    x = {"a": maps(0, 2, 5, 7, 3), "b": maps(1, 2, 3, 3, 6)}
    y = {"a": maps(2, 1, 4, 4, 3), "b": maps(3, 1, 2, 2, 6)}
    found = jax.jit(lambda x, y: style(grams(x), grams(y)))(x, y)
    terms = [np.square(gram_by_numpy(x[k]) - gram_by_numpy(y[k])).mean() for k in x]
    np.testing.assert_allclose(found, np.mean(terms), rtol=1e-5)
    assert float(jax.jit(lambda x: style(grams(x), grams(x)))(x)) == 0.0


def test_total_variation_is_that_of_the_differences():
    x = maps(0, 2, 5, 7, 3)
    expected = np.square(np.diff(x, axis=1)).mean() + np.square(np.diff(x, axis=2)).mean()
    np.testing.assert_allclose(jax.jit(total_variation)(x), expected, rtol=1e-5)
    assert float(total_variation(jnp.ones((1, 4, 4, 3)))) == 0.0


@pytest.mark.peers
def test_losses_and_their_gradients_are_pytorchs():
    torch = pytest.importorskip("torch", reason="the reference is PyTorch's")
    x, y = maps(0, 1, 6, 5, 4), maps(1, 1, 3, 8, 4)

    def loss(x):
        return style({"a": gram(x)}, {"a": gram(jnp.asarray(y))}) + 0.3 * total_variation(x)

    def peer_gram(x):
        rows = x.flatten(2)
        return rows @ rows.mT / rows.shape[2]

    t = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).requires_grad_()
    target = peer_gram(torch.from_numpy(y.transpose(0, 3, 1, 2).copy()))
    tv = t.diff(dim=2).square().mean() + t.diff(dim=3).square().mean()
    expected = torch.nn.functional.mse_loss(peer_gram(t), target) + 0.3 * tv
    expected.backward()
    found, gradient = jax.jit(jax.value_and_grad(loss))(x)
    np.testing.assert_allclose(found, expected.item(), rtol=1e-5)
    np.testing.assert_allclose(gradient, t.grad.permute(0, 2, 3, 1), rtol=1e-4, atol=1e-6)
