"""Variational autoencoders (Kingma and Welling 2014), and importance-weighted ones (Burda 2016).

The encoder outputs mean and log variance of q(z|x), the decoder the pixels of p(x|z). The loss is
an upper bound of -log p(x) in nats: the negative log-likelihood summed over pixels, plus the KL
divergence of q(z|x) from the prior.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.codes import fit_pair
from jaxgan.algorithms._parts.latent import Sampler
from jaxgan.algorithms._parts.needs import check_above, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Code, Feature, Function, Given, Spec, minimize
from jaxgan.core.sharding import draw, over_devices
from jaxgan.errors import InputError
from jaxgan.losses import variational
from jaxgan.metrics.mean import Mean
from jaxgan.nets import DenseDecoder, DenseEncoder
from jaxgan.nets.traits import mixes_batch
from jaxgan.ops import binarize
from jaxgan.typing import Batch, Image, Latent, PRNGKey, Scalar, Variables

Weights = dict[str, Variables]
Bound = Float[Array, "batch"]

PLANE = 15
"""Number of rows, and of columns, in a sheet of the latent plane."""


@dataclass(frozen=True, kw_only=True)
class VAE:
    """``encoder`` gives q(z|x), ``decoder`` p(x|z)."""

    encoder: nn.Module = DenseEncoder()
    """Net that outputs mean and log variance of a code."""
    decoder: nn.Module = DenseDecoder()
    """Net that outputs the logits of pixels; a pixel's mean is the sigmoid of its logit."""
    latent_dim: int = 2
    """Dimension of a code. With 2, the sheet shows the latent plane."""
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    """Likelihood of a pixel in [0, 1] given its mean; for ``bernoulli`` a grey pixel is the
    probability of white."""
    deviation: float = 0.1
    """Standard deviation of the Gaussian likelihood."""
    binarize: Literal["none", "static", "resampled"] = "none"
    """Binarisation of grey pixels: once per image (``static``), or anew at every step
    (``resampled``)."""
    binarize_seed: int = 0
    """Seed of the static binarisation."""
    beta: float = 1.0
    """Weight of the KL in the loss (Higgins et al. 2017); measures always use 1."""
    free_bits: float = 0.0
    """Free nats of KL in the loss, for each dimension of a code (Kingma et al. 2016)."""
    k: int = 1
    """Number of codes per image. Above 1 the loss is the importance-weighted bound."""
    measured_k: tuple[int, ...] = (100,)
    """Values of k for the measured importance-weighted bounds, estimates of -log p(x)."""
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
        self._check()
        encoder, decoder = fit_pair(
            self.encoder, self.decoder, image.shape, image.shape, 2 * self.latent_dim,
            self.compute_dtype,
        )  # fmt: skip
        vae = replace(self, encoder=encoder, decoder=decoder)
        tx = self.optimizer.transform(spec.decay_steps, "optimizer")
        z, images = jnp.zeros((2, self.latent_dim)), jnp.zeros((2, *image.shape))
        code = Feature("array", (self.latent_dim,))
        codes = {"z": Code(vae.codes, sphere=True)}
        return assemble(
            {"encoder": Network(encoder, (images,), tx), "decoder": Network(decoder, (z,), tx)},
            minimize(("encoder", "decoder"), vae.loss, tx, label="vae"),
            {
                "sample": Function(vae.sample, (), image, truncates=True, codes=codes),
                "reconstruct": Function(vae.reconstruct, ("image",), image, multiple=0),
                "encode": Function(vae.encode, ("image",), code),
                "decode": Function(vae.decode, ("code",), image, features={"code": code}),
            },
            vae.show,
            vae.measure,
        )

    def loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E_q[-log p(x|z)] + beta KL; the importance-weighted bound if k is above 1."""
        k_binary, k_latent = jax.random.split(key)
        x, weights = self.pixels(batch, k_binary), given.variables
        if self.k > 1:
            log_weights = self.log_weights(weights, x, k_latent, self.k)
            return -variational.importance_weighted(log_weights).mean(), Aux()
        (mean, log_variance), encoder = self._posterior(weights, x)
        z = reparametrized(mean, log_variance, k_latent)
        logits, decoder = apply_net(self.decoder, weights["decoder"], z)
        distance = -self.log_likelihood(x, logits).mean()
        kl = variational.kl_from_standard_normal(mean, log_variance)
        paid = kl.sum(1).mean()
        if self.free_bits:
            paid = variational.with_free_bits(over_devices(kl.mean(0))[None], self.free_bits)
        metrics = {"distance": distance, "kl": kl.sum(1).mean()}
        statistics = {"encoder": encoder, "decoder": decoder}
        return distance + self.beta * paid, Aux(metrics, statistics)

    def pixels(self, batch: Batch, key: PRNGKey) -> Image:
        """x: grey pixels in [0, 1], or binary pixels."""
        if self.binarize == "static":
            return binarize.static(batch["image"], self.binarize_seed)
        if self.binarize == "resampled":
            return binarize.resampled(batch["image"], key)
        return batch["image"].astype(jnp.float32) / 255.0

    def log_likelihood(self, x: Image, logits: Image) -> Bound:
        """Log p(x|z), summed over pixels."""
        if self.likelihood == "bernoulli":
            return variational.log_bernoulli(x, logits)
        return variational.log_gaussian(x, nn.sigmoid(logits), self.deviation)

    def log_weights(
        self, weights: Weights, x: Image, key: PRNGKey, k: int
    ) -> Float[Array, "k batch"]:
        """Log p(x|z) + log p(z) - log q(z|x) for k codes z ~ q(z|x) of each image."""
        (mean, log_variance), _ = self._posterior(weights, x, train=False)

        def of_one(key: PRNGKey) -> Bound:
            z = reparametrized(mean, log_variance, key)
            logits = apply_net(self.decoder, weights["decoder"], z, train=False)[0]
            zero = jnp.zeros_like(z)
            prior = variational.log_normal(z, zero, zero)
            posterior = variational.log_normal(z, mean, log_variance)
            return self.log_likelihood(x, logits) + prior - posterior

        return jax.lax.map(of_one, jax.random.split(key, k), batch_size=min(k, 10))

    def codes(self, weights: Weights, inputs: dict[str, Any], key: PRNGKey) -> Latent:
        """The ``inputs["n"]`` codes z ~ p(z) that :meth:`sample` draws for the same arguments."""
        del weights
        prior = Sampler(self.decoder, self.latent_dim, "normal")
        return prior.draw(key, inputs["n"], inputs.get("truncation"))

    def sample(self, weights: Weights, inputs: dict[str, Any], key: PRNGKey) -> Image:
        """The means of p(x|z) with z ~ p(z); codes ``inputs["z"]`` replace random ones."""
        z = inputs["z"] if "z" in inputs else self.codes(weights, inputs, key)
        return self._image(weights, z)

    def encode(self, weights: Weights, inputs: dict[str, Any], key: PRNGKey) -> Latent:
        """The mean of q(z|x); pixels are not binarised."""
        del key
        return self._posterior(weights, (inputs["image"] + 1.0) / 2.0, train=False)[0][0]

    def decode(self, weights: Weights, inputs: dict[str, Any], key: PRNGKey) -> Image:
        """The mean of p(x|z)."""
        del key
        return self._image(weights, inputs["code"])

    def reconstruct(self, weights: Weights, inputs: dict[str, Any], key: PRNGKey) -> Image:
        """The mean of p(x|z) at the mean z of q(z|x)."""
        return self._image(weights, self.encode(weights, inputs, key))

    def show(
        self, weights: Weights, batch: Batch, key: PRNGKey
    ) -> dict[str, Float[Array, "rows ..."]]:
        """Images and their reconstructions, beside samples or the latent plane."""
        x = 2.0 * self.pixels(batch, key) - 1.0
        columns = {"original": x, "decoded": self.reconstruct(weights, {"image": x}, key)}
        title, z = "samples", None
        if self.latent_dim == 2:
            title, z = "plane of codes, z1 to the right and z2 upwards", plane(PLANE)
        rows = x.shape[0] if z is None else PLANE
        inputs = {"n": rows * rows} if z is None else {"z": z}
        images = self.sample(weights, inputs, jax.random.key(0))
        return {**columns, title: images.reshape(rows, rows, *images.shape[1:])}

    def measure(self, weights: Weights, batch: Batch, key: PRNGKey) -> dict[str, Mean]:
        """Nats per image: -ELBO, its KL, and importance-weighted bounds of -log p(x) for each k.

        The names state the form of the pixels: ``negative_elbo/grey``, ``nll_k100/static_seed0``.
        """
        k_binary, k_latent, k_weights = jax.random.split(key, 3)
        x = self.pixels(batch, k_binary)
        (mean, log_variance), _ = self._posterior(weights, x, train=False)
        z = reparametrized(mean, log_variance, k_latent)
        logits = apply_net(self.decoder, weights["decoder"], z, train=False)[0]
        kl = variational.kl_from_standard_normal(mean, log_variance).sum(1)
        found = {"negative_elbo": kl - self.log_likelihood(x, logits), "kl": kl}
        if self.measured_k:
            log_weights = self.log_weights(weights, x, k_weights, max(self.measured_k))
            for k in self.measured_k:
                found[f"nll_k{k}"] = -variational.importance_weighted(log_weights[:k])
        means = {name: Mean.create().update(values) for name, values in found.items()}
        return {f"{name}/{self.protocol}": mean for name, mean in means.items()}

    @property
    def protocol(self) -> str:
        """The form of the pixels, for the names of measures."""
        forms = {"none": "grey", "static": f"static_seed{self.binarize_seed}"}
        form = forms.get(self.binarize, self.binarize)
        return form if self.likelihood == "bernoulli" else f"gaussian{self.deviation:g}_{form}"

    def _posterior(
        self, weights: Weights, x: Image, train: bool = True
    ) -> tuple[tuple[Latent, Latent], Variables]:
        """Mean and log variance of q(z|x) for x in [0, 1], and the encoder's new variables."""
        outputs, encoder = apply_net(self.encoder, weights["encoder"], x, train=train)
        mean, log_variance = jnp.split(outputs, 2, axis=-1)
        return (mean, log_variance), encoder

    def _image(self, weights: Weights, z: Latent) -> Image:
        logits = apply_net(self.decoder, weights["decoder"], z, train=False)[0]
        return jnp.tanh(logits / 2.0)  # 2 sigmoid(l) - 1

    def _check(self) -> None:
        check_above(1, latent_dim=self.latent_dim, k=self.k)
        check_above(0, beta=self.beta, free_bits=self.free_bits)
        if not self.deviation > 0:
            raise InputError(f"algorithm.deviation: {self.deviation} is not above 0")
        for k in self.measured_k:
            check_above(1, measured_k=k)
        if getattr(self.encoder, "code", "vector") == "map":
            raise InputError("algorithm.encoder.code: map, and the code of a VAE is a vector")
        if self.k > 1 and (self.beta != 1 or self.free_bits):
            raise InputError(
                f"algorithm.k: the importance-weighted bound of {self.k} codes has no KL to weigh:"
                " leave beta at 1 and free_bits at 0, or k at 1"
            )
        if self.k > 1 and (mixes_batch(self.encoder) or mixes_batch(self.decoder)):
            raise InputError(
                f"algorithm.k: {self.k} codes of an image would be a batch of their own for batch"
                " norm; use nets with norm layer or none"
            )
        if self.likelihood == "gaussian" and self.binarize != "none":
            raise InputError(
                f"algorithm.binarize: {self.binarize} makes pixels black or white, which are not"
                " Gaussian; use --algorithm.likelihood bernoulli"
            )


def reparametrized(mean: Latent, log_variance: Latent, key: PRNGKey) -> Latent:
    """Z = mu + sigma e with e ~ N(0, I)."""
    return mean + jnp.exp(log_variance / 2.0) * draw(jax.random.normal, key, mean.shape)


def plane(side: int) -> Latent:
    """Codes at ``side`` x ``side`` quantiles of N(0, I), row by row from the top."""
    quantiles = jax.scipy.special.ndtri((jnp.arange(side) + 0.5) / side)
    y, x = jnp.meshgrid(-quantiles, quantiles, indexing="ij")
    return jnp.stack([x.reshape(-1), y.reshape(-1)], axis=1)
