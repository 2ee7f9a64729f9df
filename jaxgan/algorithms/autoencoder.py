"""Autoencoders: an encoder maps an image to a code, a decoder maps it back (GANs in Action, ch. 2).

The encoder may see less than the decoder has to output: an image with noise (Vincent et al. 2008),
or the grey of a colour image. The autoencoder then restores images.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.codes import code_of, fit_pair
from jaxgan.algorithms._parts.needs import check_above, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net
from jaxgan.algorithms._parts.noise import Noise
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Feature, Function, Given, Spec, minimize
from jaxgan.errors import InputError
from jaxgan.losses.reconstruction import l1, l2
from jaxgan.metrics.mean import Mean
from jaxgan.metrics.psnr import psnr
from jaxgan.nets import DenseDecoder, DenseEncoder
from jaxgan.ops.lab import lab_to_rgb, rgb_to_lab
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, PRNGKey, Scalar, Variables

Seen = Float[Array, "batch height width seen"]
"""Input images of the encoder: one channel if it sees no colours."""

AB = 110.0
"""Divisor that brings a* and b* to [-1, 1]."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class Autoencoder:
    """``encoder`` maps images to codes, ``decoder`` codes to images."""

    encoder: nn.Module = DenseEncoder()
    """Net that outputs codes."""
    decoder: nn.Module = DenseDecoder()
    """Net that takes codes; its outputs l are pixels tanh(l / 2)."""
    latent_dim: int = 32
    """Dimension of a code; the number of channels if codes are maps."""
    noise: Noise = Noise()
    """Noise added to the encoder's input images; none by default."""
    colour: Literal["none", "lab", "rgb"] = "none"
    """Colourisation: the encoder sees grey only. ``lab``: lightness L*, to which the decoder adds
    a* and b*. ``rgb``: luma, from which the decoder predicts red, green and blue."""
    loss: Literal["l2", "l1", "cross_entropy"] = "l2"
    """Reconstruction loss: (x - y)^2, |x - y|, or the cross-entropy of pixels as probabilities of
    white, as in the book."""
    optimizer: Optimizer = Adam(lr=1e-3, b1=0.9)
    """Optimizer of both nets."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, each net's last layer and losses
    stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        (image,) = needs(spec, "image")
        self._check(image)
        height, width, channels = image.shape
        seen = (height, width, channels if self.colour == "none" else 1)
        made = (height, width, 2 if self.colour == "lab" else channels)
        encoder, decoder = fit_pair(
            self.encoder, self.decoder, seen, made, self.latent_dim, self.compute_dtype
        )
        method = replace(self, encoder=encoder, decoder=decoder)
        tx = self.optimizer.transform(spec.decay_steps, "optimizer")
        code = code_of(encoder, decoder, seen, made)
        codes, images = jnp.zeros((2, *code.shape)), jnp.zeros((2, *seen))
        return assemble(
            {"encoder": Network(encoder, (images,), tx), "decoder": Network(decoder, (codes,), tx)},
            minimize(("encoder", "decoder"), method.objective, tx, label="autoencoder"),
            method.functions(image, code),
            method.show,
            method.measure,
        )

    def objective(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The reconstruction loss between the images and the decoder's output."""
        x, weights = to_float(batch["image"]), given.variables
        code, encoder = apply_net(self.encoder, weights["encoder"], self._seen(x, key))
        logits, decoder = apply_net(self.decoder, weights["decoder"], code)
        target = rgb_to_lab(x)[..., 1:] / AB if self.colour == "lab" else x
        if self.loss == "cross_entropy":
            loss = optax.sigmoid_binary_cross_entropy(logits, (target + 1.0) / 2.0).mean()
        else:
            loss = (l1 if self.loss == "l1" else l2)(jnp.tanh(logits / 2.0), target)
        return loss, Aux(variables={"encoder": encoder, "decoder": decoder})

    def functions(self, image: Feature, code: Feature) -> dict[str, Function]:
        """``restore`` or ``reconstruct``, ``encode``, and ``decode`` if a code gives an image."""
        multiple = getattr(self.encoder, "multiple", 0)
        found = {
            "restore" if self._restores else "reconstruct": Function(
                self.restore, ("image",), image, multiple
            ),
            "encode": Function(self.encode, ("image",), code),
        }
        if self.colour != "lab":  # with lab, a code gives the colours only
            found["decode"] = Function(self.decode, ("code",), image, features={"code": code})
        return found

    def restore(self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey) -> Image:
        """The reconstructions of the given images."""
        x = inputs["image"]
        logits = self._logits(weights, self.encode(weights, inputs, key))
        if self.colour != "lab":
            return jnp.tanh(logits / 2.0)
        return lab_to_rgb(
            jnp.concatenate([rgb_to_lab(x)[..., :1], AB * jnp.tanh(logits / 2.0)], -1)
        )

    def encode(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey
    ) -> Float[Array, "batch *code"]:
        """The codes of images, without added noise; only colours are removed if configured."""
        del key
        x = self._grey(inputs["image"])
        return apply_net(self.encoder, weights["encoder"], x, train=False)[0]

    def decode(self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey) -> Image:
        """The decoded images of codes."""
        del key
        return jnp.tanh(self._logits(weights, inputs["code"]) / 2.0)

    def show(
        self, weights: dict[str, Variables], batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows height width channels"]]:
        """Input, restored image and original; or original and reconstruction."""
        x = to_float(batch["image"])
        given = self._given(x, key)
        made = self.restore(weights, {"image": given}, key)
        if self._restores:
            return {"input": given, "restored": made, "original": x}
        return {"original": x, "reconstructed": made}

    def measure(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Mean]:
        """PSNR in decibels and mean squared error, for pixels in [-1, 1], of output and input.

        The names state the noise: ``psnr/gaussian0.5`` (output), ``psnr_in/gaussian0.5`` (input).
        """
        x = to_float(batch["image"])
        given = self._given(x, key)
        made = self.restore(weights, {"image": given}, key)
        protocol = f"/{self.noise.protocol}" if self.noise else ""
        protocol = f"/from_grey_{self.colour}" if self.colour != "none" else protocol
        pairs = {"": made, "_in": given} if self._restores else {"": made}
        found = {f"psnr{end}{protocol}": psnr(y + 1, x + 1, 2.0) for end, y in pairs.items()}
        found |= {
            f"mse{end}{protocol}": jnp.square(y - x).mean((1, 2, 3)) for end, y in pairs.items()
        }
        return {name: Mean.create().update(values) for name, values in found.items()}

    @property
    def _restores(self) -> bool:
        return bool(self.noise) or self.colour != "none"

    def _given(self, x: Image, key: PRNGKey) -> Image:
        """Inputs as a user would supply them: noisy, or grey with the original channels."""
        if self.colour == "lab":
            lightness = rgb_to_lab(x)[..., :1]
            return lab_to_rgb(jnp.pad(lightness, ((0, 0), (0, 0), (0, 0), (0, 2))))
        if self.colour == "rgb":
            return jnp.broadcast_to(self._grey(x), x.shape)
        return self.noise(x, key)

    def _grey(self, x: Image) -> Seen:
        """The encoder's view of images: L* / 50 - 1, luma, or the images themselves."""
        if self.colour == "lab":
            return rgb_to_lab(x)[..., :1] / 50.0 - 1.0
        if self.colour == "rgb":
            return x @ jnp.asarray(LUMA)[:, None]
        return x

    def _seen(self, x: Image, key: PRNGKey) -> Seen:
        """Training inputs of the encoder: noise added or colours removed."""
        return self._grey(self.noise(x, key))

    def _logits(self, weights: dict[str, Variables], code: Float[Array, "batch *code"]) -> Image:
        return apply_net(self.decoder, weights["decoder"], code, train=False)[0]

    def _check(self, image: Feature) -> None:
        check_above(1, latent_dim=self.latent_dim)
        self.noise.check(image)
        if self.colour != "none" and image.shape[2] != 3:
            raise InputError(
                f"algorithm.colour: {self.colour} needs images of 3 channels, and these have"
                f" {image.shape[2]}; use data with colours and --data.channels 3"
            )
        if self.colour != "none" and self.noise:
            raise InputError(
                f"algorithm.colour: {self.colour} and algorithm.noise.kind {self.noise.kind} are"
                " two tasks: use one of them"
            )
