"""A style-based generator as a distribution: codes z and w, style mixing, truncation."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.latent import Sampler, block
from jaxgan.algorithms._parts.networks import apply_net
from jaxgan.core import Code, Feature, Function
from jaxgan.core.sharding import draw
from jaxgan.nets.stylegan2 import Styles, truncated
from jaxgan.typing import Batch, Image, Label, PRNGKey, Variables


class StyleSampler(NamedTuple):
    """x = G(w), w = M(z, y), z ~ N(0, 1), for the player named ``generator``."""

    net: nn.Module
    latent_dim: int
    classes: int = 0
    """Number of classes that G is conditioned on; 0: unconditional."""
    mixing: float = 0.0
    """Probability of style mixing in training."""

    def styles(
        self, variables: Variables, key: PRNGKey, n: int, labels: Label | None = None
    ) -> tuple[Float[Array, "batch layers style"], Variables]:
        """Styles of ``n`` images for each layer, in training mode, and G's new variables.

        With probability ``mixing``, all layers from a uniformly drawn layer on use the style of
        another z (Karras et al. 2019, section 3.1).
        """
        k_z, k_other, k_from, k_mix = jax.random.split(key, 4)
        w, new = self._mapped(variables, self.base.draw(k_z, n), labels, True)
        layers: int = self.net.layers  # pyright: ignore[reportAttributeAccessIssue]
        w = jnp.broadcast_to(w[:, None], (n, layers, w.shape[1]))
        if not self.mixing:
            return w, new
        other, _ = self._mapped(variables, self.base.draw(k_other, n), labels, True)
        first = draw(lambda k, s: jax.random.randint(k, s, 1, layers), k_from, (n,))
        mixed = draw(lambda k, s: jax.random.bernoulli(k, self.mixing, s), k_mix, (n,))
        first = jnp.where(mixed, first, layers)
        keeps = jnp.arange(layers)[None] < first[:, None]
        return jnp.where(keeps[:, :, None], w, other[:, None]), new

    def generate(
        self, variables: Variables, key: PRNGKey, n: int, labels: Label | None = None
    ) -> tuple[Image, Variables]:
        """``n`` images, generated in training mode, and the generator's new variables."""
        k_styles, k_noise = jax.random.split(key)
        w, variables = self.styles(variables, k_styles, n, labels)
        return self.synthesis(variables, w, k_noise), variables

    def synthesis(self, variables: Variables, w: Styles, key: PRNGKey) -> Image:
        """The images of styles; the key determines the noise."""
        return apply_net(self.net, variables, w, train=False, key=key, method="synthesis")[0]

    def sample(self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey) -> Image:
        """``inputs["n"]`` images; a conditional G takes the classes ``inputs["label"]``.

        Latent codes ``inputs["z"]`` or styles ``inputs["w"]`` replace random ones; given styles
        are not truncated.
        """
        _, k_noise = jax.random.split(key)
        w = inputs["w"] if "w" in inputs else self.codes(weights, inputs, key)
        return jnp.clip(self.synthesis(weights["generator"], w, k_noise), -1.0, 1.0)

    def codes(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey
    ) -> Float[Array, "batch style"]:
        """The styles that :meth:`sample` uses for the same arguments, w truncated by psi.

        Truncation: mean + psi (w - mean).
        """
        g = weights["generator"]
        z = inputs["z"] if "z" in inputs else self.base.codes(weights, {"n": inputs["n"]}, key)
        w, _ = self._mapped(g, z, inputs["label"] if self.classes else None, False)
        if "truncation" in inputs:
            return truncated(w, g["styles"]["map"]["mean"], inputs["truncation"])
        return w

    def function(self, gives: Feature) -> Function:
        """The function ``sample`` of a run."""
        layers: int = self.net.layers  # pyright: ignore[reportAttributeAccessIssue]
        codes = {
            "z": Code(lambda weights, inputs, key: self.base.codes(weights, inputs, key), True),
            "w": Code(self.codes, layers=layers),
        }
        takes = ("label",) if self.classes else ()
        return Function(self.sample, takes, gives, truncates=True, codes=codes)

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows columns height width channels"]]:
        """Samples in ten columns: one row per class (at most ten), or ten rows without classes."""
        del batch
        return block(self.sample, self.classes, weights, key)

    @property
    def base(self) -> Sampler:
        """The distribution of z."""
        return Sampler(self.net, self.latent_dim, "normal", self.classes)

    def _mapped(
        self, variables: Variables, z: Any, labels: Label | None, train: bool
    ) -> tuple[Float[Array, "batch style"], Variables]:
        return apply_net(self.net, variables, z, labels, train=train, method="mapping")
