"""Semi-supervised GANs (Salimans et al. 2016, section 5; GANs in Action, chapter 7).

D outputs K logits l(x), one per class; the logit of the class "fake" is fixed at 0. So D's
probability that x is real is D(x) = Z / (Z + 1) with Z = sum_k exp(l_k(x)), and its logit is log Z.
D learns to classify the few labelled images, and to tell unlabelled real images from G's fakes.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.latent import LatentName, Sampler
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, features, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.core import Algorithm, Aux, Function, Given, Spec, chain, ema, minimize
from jaxgan.errors import InputError
from jaxgan.losses.adversarial import nonsaturating, real_rate
from jaxgan.metrics.mean import Mean
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, ClassLogits, Image, Label, Logits, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class SGAN:
    """``generator`` maps latent codes to images, ``discriminator`` images to K class logits."""

    generator: nn.Module = BookDCGANGenerator()
    """Net G."""
    discriminator: nn.Module = BookDCGANDiscriminator(dropout=0.5)
    """Net D; its field ``outputs`` is set to the number of classes K."""
    latent_dim: int = 100
    """Dimension of the latent code z."""
    latent: LatentName = "normal"
    """Distribution of the latent code: N(0, 1) or U(-1, 1) in each coordinate."""
    unlabelled: bool = True
    """Semi-supervised training with unlabelled images and fakes; False: D learns from the labels
    only."""
    matches: Literal["probability", "features"] = "probability"
    """Loss of G: D's probability that fakes are real (the book), or the means of D's last hidden
    features (feature matching, Salimans et al. 2016, section 3.1)."""
    augment: DiffAugment = DiffAugment()
    """Augmentation of all images that D learns from: labelled, unlabelled and generated; none by
    default."""
    generator_optimizer: Optimizer = Adam()
    """Optimizer of G."""
    discriminator_optimizer: Optimizer = Adam()
    """Optimizer of D."""
    ema_decay: float = 0.999
    """Decay per step of the moving average of G's weights, smaller in the first steps; 0: none."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, scores and losses stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        image, label = needs(spec, "image", "label")
        self._check()
        self.augment.check(image)
        gan = replace(
            self,
            generator=fit(self.generator, image.shape, self.compute_dtype),
            discriminator=fit(
                self.discriminator.clone(outputs=label.classes), image.shape, self.compute_dtype
            ),
        )
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = self.discriminator_optimizer.transform(spec.decay_steps, "discriminator_optimizer")
        z, images = jnp.zeros((2, self.latent_dim)), jnp.zeros((2, *image.shape))
        players = {"discriminator": Network(gan.discriminator, (images,), d)}
        functions = {"classify": Function(gan.classify, ("image",), label._replace(stream=""))}

        if not self.unlabelled:
            step = minimize("discriminator", gan.class_loss, d)
            return assemble(players, step, functions, measure=gan.measure)

        step = chain(
            minimize("discriminator", gan.discriminator_loss, d),
            minimize("generator", gan.generator_loss, g),
            ema("generator", self.ema_decay),
        )
        players |= {"generator": Network(gan.generator, (z,), g, self.ema_decay > 0)}
        functions |= {"sample": gan.sampler.function(image)}
        return assemble(players, step, functions, gan.sampler.show, gan.measure)

    def class_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[log softmax(l(x))_y] over the labelled images."""
        images, labels = labelled(batch)
        images, d = self.augment(images, key), given.variables["discriminator"]
        logits, d = apply_net(self.discriminator, d, images, key=key)
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        accuracy = jnp.mean(logits.argmax(-1) == labels)
        metrics = {"class_loss": loss, "labelled_accuracy": accuracy}
        return loss, Aux(metrics, {"discriminator": d})

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """The class loss, plus -E[log D(x)] - E[log(1 - D(G(z)))] over unlabelled images.

        D's running statistics come from real images only, because D classifies real images.
        """
        k_labelled, k_fake, k_real_net, k_fake_net = jax.random.split(key, 4)
        class_loss, aux = self.class_loss(given, batch, k_labelled)
        d, real = aux.variables["discriminator"], to_float(batch["image"])
        fake, g = self.sampler.generate(given.variables["generator"], k_fake, real.shape[0])
        real, fake = self.augment(real, k_real_net), self.augment(fake, k_fake_net)
        real_logits, d = apply_net(self.discriminator, d, real, key=k_real_net)
        fake_logits, _ = apply_net(self.discriminator, d, fake, key=k_fake_net)
        real_logits, fake_logits = real_logit(real_logits), real_logit(fake_logits)
        loss = class_loss + nonsaturating.discriminator(real_logits, fake_logits)
        rate = real_rate(nonsaturating, real_logits, fake_logits)
        return loss, Aux({**aux.metrics, "real_rate": rate}, {"generator": g, "discriminator": d})

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[log D(G(z))], or mean_j |E f_j(x) - E f_j(G(z))| of D's last hidden features f."""
        k_fake, k_real_net, k_fake_net = jax.random.split(key, 3)
        d, real = given.variables["discriminator"], to_float(batch["image"])
        fake, g = self.sampler.generate(given.variables["generator"], k_fake, real.shape[0])
        real, fake = self.augment(real, k_real_net), self.augment(fake, k_fake_net)
        if self.matches == "features":
            of_real = features(self.discriminator, d, real, key=k_real_net).mean(0)
            of_fake = features(self.discriminator, d, fake, key=k_fake_net).mean(0)
            loss = jnp.abs(of_real - of_fake).mean()
        else:
            logits, _ = apply_net(self.discriminator, d, fake, key=k_fake_net)
            loss = nonsaturating.generator(real_logit(logits))
        return loss, Aux(variables={"generator": g})

    def classify(
        self, weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey
    ) -> Float[Array, "batch classes"]:
        """The probability of each class, softmax(l(x)), given that the image is real."""
        del key
        return jax.nn.softmax(self._logits(weights, inputs["image"]))

    def measure(self, weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Mean]:
        """Accuracy: the fraction of images whose most likely class is correct."""
        del key
        images, labels = labelled(batch)
        right = self._logits(weights, images).argmax(-1) == labels
        return {"accuracy": Mean.create().update(right.astype(jnp.float32))}

    def _logits(self, weights: dict[str, Variables], images: Image) -> ClassLogits:
        return apply_net(self.discriminator, weights["discriminator"], images, train=False)[0]

    @property
    def sampler(self) -> Sampler:
        """The generator as a distribution."""
        return Sampler(self.generator, self.latent_dim, self.latent)

    def _check(self) -> None:
        check_above(1, latent_dim=self.latent_dim)
        check_decay(self.ema_decay)
        if not hasattr(self.discriminator, "outputs"):
            raise InputError(
                f"algorithm.discriminator: {type(self.discriminator).__name__} has no field"
                " outputs, the number of its logits; add one, or use BookDCGANDiscriminator"
            )


def labelled(batch: Batch) -> tuple[Image, Label]:
    """The images with labels: the stream ``labelled`` if only a few images keep theirs."""
    images = batch["labelled"] if "labelled" in batch else batch["image"]
    return to_float(images), batch["label"]


def real_logit(logits: ClassLogits) -> Logits:
    """The logit of D(x) = Z / (Z + 1): log Z = logsumexp(l)."""
    return jax.nn.logsumexp(logits, axis=-1)
