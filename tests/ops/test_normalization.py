from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.ops import Conv, Normalize, SpectralNorm, WeightNorm, apply_layer, pixel_norm

QUICK = {"xla_backend_optimization_level": 0}  # most of these tests' time is compilation
STATE = ("batch_stats", "spectral")


@pytest.fixture(autouse=True)
def _no_silent_broadcasts():
    with jax.numpy_rank_promotion("raise"):
        yield


def run(module, x, *args, variables=None, **kwargs):
    kwargs = jax.tree.map(lambda v: v if isinstance(v, bool) else jnp.asarray(v), kwargs)
    if variables is None:
        init = jax.jit(partial(module.init, **kwargs), compiler_options=QUICK)
        variables = init(jax.random.key(0, impl="rbg"), x, *args)
    apply = jax.jit(partial(module.apply, mutable=STATE, **kwargs), compiler_options=QUICK)
    out, state = apply(variables, x, *args)
    return np.asarray(out), variables, state


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.5, 2, shape).astype(np.float32)


def standardize(x, axes, epsilon=1e-5):
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + epsilon)


X = normal(4, 3, 5, 6)


@pytest.mark.parametrize(("kind", "axes"), [
    ("batch", (0, 1, 2)),
    ("layer", (1, 2, 3)),
    ("instance", (1, 2)),
])  # fmt: skip
def test_activations_are_standardized_over_their_axes(kind, axes):
    out, _, _ = run(Normalize(kind), X)
    np.testing.assert_allclose(out, standardize(X, axes), rtol=1e-3, atol=1e-4)


def test_group_standardizes_groups_of_channels():
    out, _, _ = run(Normalize("group", groups=2), X)
    grouped = standardize(X.reshape(4, 3, 5, 2, 3), (1, 2, 4)).reshape(X.shape)
    np.testing.assert_allclose(out, grouped, rtol=1e-3, atol=1e-4)
    default, _, _ = run(Normalize("group"), X)  # gcd(32, 6) = 2 groups
    np.testing.assert_allclose(default, out)


@pytest.mark.parametrize("kind", ["none", "weight", "spectral"])
def test_kinds_that_leave_activations_alone(kind):
    out, variables, _ = run(Normalize(kind), X)
    np.testing.assert_array_equal(out, X)
    assert not variables


@pytest.mark.parametrize("kind", ["layer", "instance", "group"])
def test_kinds_of_one_sample_give_the_same_in_any_batch(kind):
    together, variables, _ = run(Normalize(kind), X)
    alone, _, _ = run(Normalize(kind), X[:1], variables=variables)
    np.testing.assert_allclose(together[:1], alone, rtol=1e-5, atol=1e-6)


def test_parameters_of_each_kind():
    shapes = {
        kind: [p.shape for p in jax.tree.leaves(run(Normalize(kind), X)[1].get("params", {}))]
        for kind in ("batch", "layer", "instance", "group")
    }
    assert shapes == {"batch": [(6,)] * 2, "layer": [(6,)] * 2, "instance": [], "group": [(6,)] * 2}


def test_batch_norm_keeps_running_statistics_and_uses_them():
    _, variables, state = run(Normalize("batch"), X)
    stats = state["batch_stats"]["BatchNorm_0"]
    mean, var = X.mean(axis=(0, 1, 2)), X.var(axis=(0, 1, 2))
    np.testing.assert_allclose(stats["mean"], 0.1 * mean, rtol=1e-4)
    np.testing.assert_allclose(stats["var"], 0.9 + 0.1 * var, rtol=1e-4)
    out, _, after = run(Normalize("batch"), X, train=False, variables={**variables, **state})
    expected = (X - 0.1 * mean) / np.sqrt(0.9 + 0.1 * var + 1e-5)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)
    jax.tree.map(np.testing.assert_array_equal, after["batch_stats"], state["batch_stats"])


@pytest.mark.skipif(jax.device_count() < 2, reason="needs two devices")
def test_batch_norm_sees_the_global_batch_when_it_is_sharded():
    mesh = jax.make_mesh((2,), ("data",), devices=jax.devices()[:2])
    sharding = jax.NamedSharding(mesh, jax.P("data"))
    module = Normalize("batch")
    whole, variables, state = run(module, X)
    parts, _, split = run(module, jax.device_put(X, sharding), variables=variables)
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-5)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5), split, state)


@pytest.mark.parametrize("x", [X, X[:, 0, 0]], ids=["pixels", "dense"])
def test_class_conditional_batch_norm(x):
    labels = np.array([2, 0, 2, 1], np.int32)
    module = Normalize("batch", num_classes=3)
    start, variables, _ = run(module, x, labels=labels)
    axes = tuple(range(x.ndim - 1))
    np.testing.assert_allclose(start, standardize(x, axes), rtol=1e-3, atol=1e-4)
    gamma, beta = normal(3, 6, seed=1), normal(3, 6, seed=2)
    params = {"gamma": {"embedding": gamma}, "beta": {"embedding": beta}}
    assert jax.tree.map(np.shape, variables["params"]) == jax.tree.map(np.shape, params)
    out, _, _ = run(module, x, labels=labels, variables={**variables, "params": params})
    shape = (4,) + (1,) * (x.ndim - 2) + (6,)
    expected = standardize(x, axes) * gamma[labels].reshape(shape) + beta[labels].reshape(shape)
    np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", [{"kind": "layer", "num_classes": 3}, {"kind": "bach"}])
def test_what_is_refused(kind, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match="norm: "):
        Normalize(**kind).init(jax.random.key(0), X, labels=np.zeros(4, np.int32))
    with pytest.raises(InputError, match="labels: "):
        Normalize("batch", num_classes=3).init(jax.random.key(0), X)


class Layered(nn.Module):
    """One layer under ``norm``."""

    norm: str
    layer: str = "conv"

    @nn.compact
    def __call__(self, x, train=True):
        layer = {
            "conv": lambda: Conv(5, (3, 3), padding="VALID"),
            "dense": lambda: nn.Dense(7),
            "embed": lambda: nn.Embed(9, 4),
        }[self.layer]()
        return apply_layer(layer, x, self.norm, train)


def effective_kernel(module, variables, shape):
    """The kernel that a bias-free convolution or dense layer uses, from its responses."""
    basis = np.eye(int(np.prod(shape)), dtype=np.float32).reshape(-1, *shape)
    out, _, _ = run(module, basis, train=False, variables=variables)
    return out.reshape(len(basis), -1)


INPUTS = [("conv", (3, 3, 6)), ("dense", (8,))]


@pytest.mark.parametrize(("layer", "shape"), INPUTS)
def test_spectral_norm_brings_the_largest_singular_value_to_one(layer, shape):
    module = Layered("spectral", layer)
    x = normal(2, *shape)
    _, variables, state = run(module, x)
    kernel = variables["params"][{"conv": "Conv_0", "dense": "Dense_0"}[layer]]["kernel"]
    forward = jax.jit(partial(module.apply, mutable=STATE))
    for _ in range(60):
        _, state = forward({**variables, **state}, x)
    effective = effective_kernel(module, {**variables, **state}, shape)
    np.testing.assert_allclose(np.linalg.svd(effective)[1][0], 1, rtol=1e-4)
    matrix = np.asarray(kernel).reshape(-1, kernel.shape[-1])
    expected = matrix / np.linalg.svd(matrix)[1][0]
    np.testing.assert_allclose(effective, expected, rtol=1e-3, atol=1e-4)


def test_spectral_vectors_move_by_one_iteration_and_only_in_training():
    module, x = Layered("spectral", "dense"), normal(2, 8)
    _, variables, _ = run(module, x)
    w = np.asarray(variables["params"]["Dense_0"]["kernel"]).T
    u = normal(7, seed=3)
    u /= np.linalg.norm(u)
    spectral = {"SpectralNorm_0": {**variables["spectral"]["SpectralNorm_0"], "u": u}}
    variables = {**variables, "spectral": spectral}
    _, _, state = run(module, x, variables=variables)
    v = w.T @ u / np.linalg.norm(w.T @ u)
    expected = {"u": w @ v / np.linalg.norm(w @ v), "v": v}
    close = partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6)
    jax.tree.map(close, dict(state["spectral"]["SpectralNorm_0"]), expected)
    _, _, still = run(module, x, train=False, variables=variables)
    jax.tree.map(np.testing.assert_array_equal, still["spectral"], variables["spectral"])


def test_spectral_gradient_is_that_of_w_over_u_w_v_with_u_and_v_constant():
    module, x = Layered("spectral", "dense"), jnp.asarray(normal(2, 8))
    _, variables, state = run(module, x)
    fixed = {**variables, **state}

    @jax.jit
    @jax.grad
    def gradient(params):
        out = module.apply({**fixed, "params": params}, x, train=False)
        return jnp.sum(jnp.sin(out))

    u, v = (state["spectral"]["SpectralNorm_0"][name] for name in "uv")

    def written_out(kernel):
        return jnp.sum(jnp.sin(x @ (kernel / (v @ kernel @ u))))

    params = fixed["params"]
    expected = jax.grad(written_out)(params["Dense_0"]["kernel"])
    found = gradient(params)["Dense_0"]["kernel"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_weight_norm_starts_as_the_layer_and_ignores_the_length_of_v():
    x = normal(2, 3, 3, 6)
    plain, variables, _ = run(Layered("none"), x)
    params = variables["params"]
    g = np.linalg.norm(np.asarray(params["Conv_0"]["kernel"]).reshape(-1, 5), axis=0)
    out, own, _ = run(Layered("weight"), x)
    np.testing.assert_allclose(own["params"]["WeightNorm_0"]["scale"], g, rtol=1e-5)
    np.testing.assert_allclose(out, plain, rtol=1e-4, atol=1e-5)
    longer = {**own["params"], "Conv_0": {**params["Conv_0"]}}
    longer["Conv_0"]["kernel"] = 3 * params["Conv_0"]["kernel"]
    same, _, _ = run(Layered("weight"), x, variables={"params": longer})
    np.testing.assert_allclose(same, plain, rtol=1e-4, atol=1e-5)
    longer["WeightNorm_0"] = {"scale": 2 * own["params"]["WeightNorm_0"]["scale"]}
    double, _, _ = run(Layered("weight"), x, variables={"params": longer})
    np.testing.assert_allclose(double, 2 * plain, rtol=1e-4, atol=1e-5)


def test_spectral_norm_of_an_embedding():
    ids = np.array([0, 3, 8], np.int32)
    out, variables, _ = run(Layered("spectral", "embed"), ids, train=False)
    table = np.asarray(variables["params"]["Embed_0"]["embedding"])
    np.testing.assert_allclose(out, table[ids] / np.linalg.svd(table)[1][0], rtol=0.05)


@pytest.mark.parametrize("norm", ["batch", "none", "layer"])
def test_other_kinds_leave_kernels_alone(norm):
    x = normal(2, 3, 3, 6)
    plain, variables, _ = run(Layered("none"), x)
    out, same, _ = run(Layered(norm), x)
    np.testing.assert_array_equal(out, plain)
    assert set(same) == {"params"}
    assert set(variables["params"]) == {"Conv_0"}


def test_wrappers_train_under_grad_and_jit():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train=True):
            x = SpectralNorm(Conv(4, (3, 3)))(x, train)
            return WeightNorm(nn.Dense(1))(x.reshape(2, -1))

    x = jnp.asarray(normal(2, 3, 3, 6))
    variables = Net().init(jax.random.key(0), x)

    @jax.jit
    def step(variables):
        def loss(params):
            out, state = Net().apply({**variables, "params": params}, x, mutable=["spectral"])
            return jnp.mean(jnp.square(out - 1.0)), state

        (value, state), grads = jax.value_and_grad(loss, has_aux=True)(variables["params"])
        params = jax.tree.map(lambda p, g: p - 0.02 * g, variables["params"], grads)
        return value, {"params": params, **state}

    first, variables = step(variables)
    for _ in range(30):
        last, variables = step(variables)
    assert last < 0.1 * first


@pytest.mark.parametrize("shape", [(3, 5), (2, 4, 4, 5)])
def test_pixel_norm_gives_each_pixel_unit_mean_square(shape):
    x = normal(*shape)
    expected = x / np.sqrt((x.astype(np.float64) ** 2).mean(-1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(pixel_norm(jnp.asarray(x)), expected, rtol=1e-5)
    assert not np.asarray(pixel_norm(jnp.zeros(shape))).any()
    half = pixel_norm(jnp.asarray(x, jnp.bfloat16))
    assert half.dtype == jnp.bfloat16
    np.testing.assert_allclose(half.astype(jnp.float32), expected, rtol=0.02)
