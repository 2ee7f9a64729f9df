"""Each term against SciPy, and the bounds of a model whose log p(x) is known."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special, stats

from jaxgan.losses import variational

RNG = np.random.default_rng(0)
MEAN, LOG_VARIANCE = RNG.normal(size=(2, 6, 3)).astype(np.float32)


def test_the_kl_is_the_mean_of_the_log_ratio():
    z = np.linspace(-12, 12, 200_001)[:, None, None]
    q = stats.norm(MEAN, np.exp(LOG_VARIANCE / 2))
    integral = (q.pdf(z) * (q.logpdf(z) - stats.norm.logpdf(z))).sum(0) * (z[1] - z[0]).item()
    found = variational.kl_from_standard_normal(jnp.asarray(MEAN), jnp.asarray(LOG_VARIANCE))
    np.testing.assert_allclose(found, integral, rtol=1e-5, atol=1e-6)


def test_free_bits_replace_the_kl_of_a_number_that_has_less():
    kl = jnp.asarray([[0.1, 2.0], [0.3, 4.0]])
    assert float(variational.with_free_bits(kl, 0.5)) == 3.5
    grads = jax.grad(variational.with_free_bits)(kl, 0.5)
    np.testing.assert_array_equal(grads, [[0, 0.5], [0, 0.5]])


def test_the_likelihoods_are_scipys_and_finite_at_any_logit():
    x, logits = RNG.uniform(size=(2, 4, 5, 5, 2)).astype(np.float32)
    logits = 20 * logits - 10
    p = special.expit(logits.astype(np.float64))
    bernoulli = special.xlogy(x, p) + special.xlogy(1 - x, 1 - p)
    found = variational.log_bernoulli(jnp.asarray(x), jnp.asarray(logits))
    np.testing.assert_allclose(found, bernoulli.sum((1, 2, 3)), rtol=1e-5)
    far = variational.log_bernoulli(jnp.ones((1, 1, 1, 1)), jnp.full((1, 1, 1, 1), -1000.0))
    assert float(far[0]) == -1000

    normal = stats.norm(p, 0.3).logpdf(x).sum((1, 2, 3))
    found = variational.log_gaussian(jnp.asarray(x), jnp.asarray(p, jnp.float32), 0.3)
    np.testing.assert_allclose(found, normal, rtol=1e-5)

    z = RNG.normal(size=(6, 3)).astype(np.float32)
    normal = stats.norm(MEAN, np.exp(LOG_VARIANCE / 2)).logpdf(z).sum(1)
    arrays = (jnp.asarray(a) for a in (z, MEAN, LOG_VARIANCE))
    np.testing.assert_allclose(variational.log_normal(*arrays), normal, rtol=1e-5)


def test_the_importance_weighted_bound_rises_with_k_to_log_p():
    """p(z) = N(0, 1) and p(x|z) = N(z, 1), so p(x) = N(0, 2); q is N(x / 4, 1) for all x."""
    x, runs = 1.5, 4000
    z = x / 4 + RNG.normal(size=(64, runs))
    log_w = stats.norm.logpdf(z) + stats.norm.logpdf(x, z) - stats.norm.logpdf(z, x / 4)
    log_w = log_w.astype(np.float32)
    bounds = []
    for k in (1, 4, 16, 64):
        found = variational.importance_weighted(jnp.asarray(log_w[:k]))
        np.testing.assert_allclose(found, special.logsumexp(log_w[:k], 0) - np.log(k), rtol=1e-4)
        bounds.append(float(found.mean()))
    assert bounds == sorted(bounds)
    true = stats.norm.logpdf(x, scale=np.sqrt(2))
    # KL(N(m, s^2) || N(m', s'^2)) with the posterior p(z|x) = N(x / 2, 1/2)
    kl = np.log(np.sqrt(0.5)) + (1 + (x / 4 - x / 2) ** 2) / (2 * 0.5) - 0.5
    np.testing.assert_allclose(bounds[0], true - kl, atol=0.05)
    np.testing.assert_allclose(bounds[-1], true, atol=0.01)
