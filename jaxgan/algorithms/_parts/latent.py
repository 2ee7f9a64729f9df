"""A generator as a distribution: latent codes and labels drawn, images made, the sheet shown."""

from functools import partial
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.networks import forward
from jaxgan.core.sharding import draw
from jaxgan.typing import Batch, Image, Label, Latent, PRNGKey, Variables

LatentName = Literal["normal", "uniform"]


def draw_labels(key: PRNGKey, n: int, num_classes: int) -> Label:
    """``n`` labels, every class as likely."""
    return draw(partial(jax.random.randint, minval=0, maxval=num_classes), key, (n,))


class Sampler(NamedTuple):
    """z ~ p(z), x = G(z, y), for the player named ``generator``."""

    net: nn.Module
    latent_dim: int
    latent: LatentName
    num_classes: int

    def draw(self, key: PRNGKey, n: int) -> Latent:
        """``n`` latent codes from N(0, 1) or U(-1, 1)."""
        shape = (n, self.latent_dim)
        if self.latent == "uniform":
            return draw(partial(jax.random.uniform, minval=-1.0, maxval=1.0), key, shape)
        return draw(jax.random.normal, key, shape)

    def generate(
        self, variables: dict[str, Variables], key: PRNGKey, n: int, labels: Label | None
    ) -> tuple[Image, Variables]:
        """``n`` images in training mode, and the generator's new variables."""
        return forward(self.net, variables["generator"], self.draw(key, n), labels)

    def predict(
        self, variables: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey
    ) -> Image:
        """An image for each of ``inputs["label"]``; ``inputs["z"]`` stands in for the draw.

        A generator without classes takes the labels for their number alone.
        """
        labels = inputs["label"]
        z = inputs["z"] if "z" in inputs else self.draw(key, labels.shape[0])
        if not self.num_classes:
            labels = None
        return forward(self.net, variables["generator"], z, labels, train=False)[0]

    def preview(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> Float[Array, "rows columns height width channels"]:
        """Ten columns of samples: a row a class (ten at most), or ten rows without classes."""
        del batch
        rows = min(self.num_classes, 10) or 10
        images = self.predict(variables, {"label": jnp.repeat(jnp.arange(rows), 10)}, key)
        return images.reshape(rows, 10, *images.shape[1:])
