"""Penalties that keep a critic smooth. They are unweighted: the algorithm applies the weights.

``critic`` is any function from examples, such as images, to scores of shape ``(batch,)`` or
``(batch, h, w)``. Gradients are taken of the summed score. Row i is then the gradient of score i,
if each score depends only on its own example (which BatchNorm breaks).
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.core.sharding import draw
from jaxgan.typing import Critic, Examples, Logits, Params, PRNGKey, Scalar

_EPSILON = 1e-12  # inside the square root, as a norm has gradient NaN at 0


def gradient_penalty(
    critic: Critic, real: Examples, fake: Examples, key: PRNGKey, target: float = 1.0
) -> Scalar:
    """E[(||grad critic(x_hat)||_2 - target)^2], x_hat = a x + (1 - a) G(z), a ~ U(0, 1).

    Each example has its own ``a``. The norm is over all axes but the batch; the penalty is
    two-sided.

    Reference: WGAN-GP (Gulrajani et al. 2017), equation 3.
    """
    alpha = draw(jax.random.uniform, key, (real.shape[0],) + (1,) * (real.ndim - 1))
    x_hat = alpha * real + (1.0 - alpha) * fake
    norm = jnp.sqrt(_squared_norm(critic, x_hat) + _EPSILON)
    return jnp.square(norm - target).mean()


def r1(critic: Critic, real: Examples) -> Scalar:
    """E[||grad critic(x)||^2] over reals: summed over pixels, averaged over the batch.

    The paper's penalty is gamma / 2 times this.

    Reference: Mescheder et al. 2018, equation 9.
    """
    return _squared_norm(critic, real).mean()


def r2(critic: Critic, fake: Examples) -> Scalar:
    """E[||grad critic(G(z))||^2]: :func:`r1` over fakes.

    Reference: Mescheder et al. 2018, equation 10.
    """
    return _squared_norm(critic, fake).mean()


def approximate_r1(
    critic: Critic, examples: Examples, key: PRNGKey, epsilon: float = 0.01
) -> Scalar:
    """E[((critic(x + epsilon n) - critic(x)) / epsilon)^2], n ~ N(0, I): approximates :func:`r1`.

    Since E[(n . g)^2] = ||g||^2, a second forward pass replaces the second-order gradient. Over
    reals it estimates R1, over fakes R2.

    Reference: Lin et al. 2025 (arXiv 2501.08316), approximated R1; AFM (arXiv 2511.22475).
    """
    moved = examples + epsilon * draw(jax.random.normal, key, examples.shape)
    return jnp.square((critic(moved) - critic(examples)) / epsilon).mean()


def centering(real_logits: Logits, fake_logits: Logits) -> Scalar:
    """E[(D(x) + D(G(z)))^2]: centres pairs of scores at 0, since only their difference is learnt.

    Reference: AFM (Lin et al. 2025, arXiv 2511.22475).
    """
    return jnp.square(real_logits + fake_logits).mean()


def drift(real_logits: Logits) -> Scalar:
    """E[D(x)^2]: keeps the critic's scores from drifting away from 0.

    Reference: ProGAN (Karras et al. 2018), appendix A.1, with weight 0.001.
    """
    return jnp.square(real_logits).mean()


def orthogonal(params: Params) -> Scalar:
    """Sum over kernels W of ||W W^T * (1 - I)||_F^2 (elementwise), which makes W's rows orthogonal.

    A kernel is seen as a matrix (out, rest) with one row per output. Vectors and embeddings are
    left out.

    Reference: BigGAN (Brock et al. 2019), equation 3, with weight 1e-4 for the generator.
    """
    total = jnp.zeros(())
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if leaf.ndim > 1 and "embedding" not in jax.tree_util.keystr(path):
            w = leaf.reshape(-1, leaf.shape[-1])
            gram = w.T @ w
            total += jnp.square(gram).sum() - jnp.square(jnp.diagonal(gram)).sum()
    return total


def clip_params(params: Params, limit: float) -> Params:
    """Every parameter clipped to [-limit, limit].

    Reference: WGAN (Arjovsky et al. 2017), Algorithm 1, line 7, with limit 0.01.
    """
    return jax.tree.map(lambda w: jnp.clip(w, -limit, limit), params)


def path_lengths(
    synthesis: Callable[[Array], Array], w: Float[Array, "batch layers style"], noise: Array
) -> Float[Array, "batch"]:
    """sqrt(mean over layers of |J^T y|^2), J = dG(w)/dw, y = noise / sqrt(height width).

    E_y |J^T y|^2 is ||J||_F^2 / (height width), the mean squared change of an image for a unit step
    in w.

    Args:
      synthesis: G, from styles to images.
      w: one style per layer.
      noise: N(0, 1), with the shape of the images.

    Reference: StyleGAN2 (Karras et al. 2020), section 3.2 and equation 4.
    """
    y = noise / math.sqrt(math.prod(noise.shape[1:3]))
    gradient = jax.grad(lambda w: (synthesis(w) * y).sum())(w)
    return jnp.sqrt(jnp.square(gradient).sum(2).mean(1) + _EPSILON)


def _squared_norm(critic: Critic, examples: Examples) -> Float[Array, "batch"]:
    gradient = jax.grad(lambda x: critic(x).sum())(examples)
    return jnp.square(gradient).sum(range(1, gradient.ndim))
