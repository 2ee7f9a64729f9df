"""StyleGAN2 (Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN").

A nonsaturating GAN with two lazy regularizers, each a separate update: R1 on D, and the path length
penalty on G. Styles are mixed in training, and the generator's weights are averaged. With
``augment`` an :class:`ADA` it is StyleGAN2-ADA (Karras et al. 2020, "Training generative
adversarial networks with limited data").
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.ada import ADA
from jaxgan.algorithms._parts.adaptive import adapt, counted, remembered
from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.averaging import ramped
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.latent import draw_labels
from jaxgan.algorithms._parts.needs import check_above, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.styles import StyleSampler
from jaxgan.core import Algorithm, Aux, Given, Spec, Update, chain, every, minimize
from jaxgan.core.sharding import draw, over_devices
from jaxgan.errors import InputError
from jaxgan.losses import nonsaturating, real_rate
from jaxgan.losses.penalties import path_lengths, r1
from jaxgan.nets import StyleGAN2Discriminator, StyleGAN2Generator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Label, Logits, PRNGKey, Scalar, Variables

_AUGMENT = 0xADA
"""Constant folded into the augmentations' keys, so that a run without them has the same draws."""


@dataclass(frozen=True, kw_only=True)
class StyleGAN2:
    """``generator`` maps latent codes to styles and styles to images."""

    generator: nn.Module = StyleGAN2Generator()
    """Net G, with the methods ``mapping`` and ``synthesis``."""
    discriminator: nn.Module = StyleGAN2Discriminator()
    """Net D."""
    conditional: bool = False
    """Conditional GAN: both players receive the class."""
    latent_dim: int = 512
    """Dimension of the latent code z, drawn from N(0, I)."""
    mixing: float = 0.9
    """Probability of style mixing: two styles in the layers of one image."""
    augment: ADA | DiffAugment = DiffAugment()
    """Augmentation of all images that D sees, real and generated; none by default."""
    r1: float = 10.0
    """Weight gamma of R1, gamma/2 E||grad D(x)||^2; 0: none. ADA, appendix C, uses
    0.0002 width^2 / batch size."""
    r1_every: int = 16
    """Interval k of R1: it is computed at every k-th step, with k times the weight."""
    path_length: float = 2.0
    """Weight of the path length penalty; 0: none."""
    path_every: int = 4
    """Interval k of the path length penalty: it is computed at every k-th step, with k times the
    weight."""
    path_decay: float = 0.01
    """Weight of a batch's mean in the running mean of path lengths."""
    path_shrink: int = 2
    """Divisor of the batch size for the path length penalty."""
    generator_optimizer: Optimizer = Adam(lr=2.5e-3, b1=0.0, b2=0.99)
    """Optimizer of G; Adam is corrected for lazy regularization (appendix B)."""
    discriminator_optimizer: Optimizer = Adam(lr=2.5e-3, b1=0.0, b2=0.99)
    """Optimizer of D; Adam is corrected for lazy regularization (appendix B)."""
    ema_half_life: float = 10_000.0
    """Half-life in images of the moving average of G's weights; 0: no average."""
    ema_ramp: float = 0.05
    """Largest half-life as a fraction of the images seen so far; 0: no limit."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets' highest resolutions; parameters, optimizer, RGB
    outputs, D's last block, scores and losses stay float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        (image,) = needs(spec, "image")
        classes = needs(spec, "label")[0].classes if self.conditional else 0
        self._check()
        self.augment.check(image)
        gan = replace(
            self,
            generator=fit(self.generator, image.shape, self.compute_dtype, classes),
            discriminator=fit(self.discriminator, image.shape, self.compute_dtype, classes),
        )
        g = _lazily(self.generator_optimizer, self.path_every if self.path_length else 0)
        g = g.transform(spec.decay_steps, "generator_optimizer")
        d = _lazily(self.discriminator_optimizer, self.r1_every if self.r1 else 0)
        d = d.transform(spec.decay_steps, "discriminator_optimizer")

        updates: list[Update] = [minimize("discriminator", gan.discriminator_loss, d)]
        if self.r1:
            penalty = minimize("discriminator", gan.r1_loss, d, label="r1")
            updates.append(every(self.r1_every, penalty))
        updates.append(minimize("generator", gan.generator_loss, g))
        if self.path_length:
            penalty = minimize("generator", gan.path_loss, g, label="path")
            updates.append(every(self.path_every, penalty))
        updates.append(ramped("generator", self.ema_half_life, self.ema_ramp))
        if isinstance(self.augment, ADA):
            updates.append(adapt(self.augment))

        labels = jnp.zeros(2, jnp.int32) if classes else None
        z, images = jnp.zeros((2, self.latent_dim)), jnp.zeros((2, *image.shape))
        return assemble(
            {
                "generator": Network(gan.generator, (z, labels), g, self.ema_half_life > 0),
                "discriminator": Network(gan.discriminator, (images, labels), d),
            },
            chain(*updates),
            functions={"sample": gan.sampler.function(image)},
            show=gan.sampler.show,
            memory=gan.first_memory,
        )

    def first_memory(self) -> dict[str, Any]:
        """The initial memory: the mean path length, and the state of ADA's controller."""
        adaptive = remembered(self.augment) if isinstance(self.augment, ADA) else {}
        return {"path_length": jnp.zeros(()), **adaptive}

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[softplus(-D(T(x)))] + E[softplus(D(T(G(w))))] with augmentations T."""
        labels, real = self._labels(batch), to_float(batch["image"])
        g = given.variables["generator"]
        fake, g = self.sampler.generate(g, key, real.shape[0], labels)
        k_real, k_fake = jax.random.split(jax.random.fold_in(key, _AUGMENT))
        real, fake = self._augmented(given, real, k_real), self._augmented(given, fake, k_fake)
        real_logits, d = self._judged(given.variables["discriminator"], real, labels)
        fake_logits, d = self._judged(d, fake, labels)
        metrics = {
            "real_logits": real_logits.mean(),
            "fake_logits": fake_logits.mean(),
            "real_rate": real_rate(nonsaturating, real_logits, fake_logits),
        }
        loss = nonsaturating.discriminator(real_logits, fake_logits)
        memory = counted(given.memory, real_logits) if isinstance(self.augment, ADA) else {}
        return loss, Aux(metrics, {"generator": g, "discriminator": d}, memory)

    def r1_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """K gamma / 2 E||grad_x D(T(x))||^2 at every K-th step, through the augmentations T."""
        d, labels = given.variables["discriminator"], self._labels(batch)

        def critic(images: Image) -> Logits:
            return self._judged(d, self._augmented(given, images, key), labels)[0]

        term = r1(critic, to_float(batch["image"]))
        return self.r1_every * self.r1 / 2 * term, Aux({"r1": term})

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[softplus(-D(T(G(w))))] with new random labels."""
        k_labels, k_fake = jax.random.split(key)
        n = batch["image"].shape[0]
        labels = self._drawn_labels(k_labels, n)
        fake, g = self.sampler.generate(given.variables["generator"], k_fake, n, labels)
        fake = self._augmented(given, fake, jax.random.fold_in(key, _AUGMENT))
        logits, d = self._judged(given.variables["discriminator"], fake, labels)
        return nonsaturating.generator(logits), Aux(variables={"generator": g, "discriminator": d})

    def path_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """K weight E[(l - a)^2] at every K-th step, for path lengths l with running mean a."""
        k_labels, k_styles, k_noise, k_y = jax.random.split(key, 4)
        n = max(1, batch["image"].shape[0] // self.path_shrink)
        g = given.variables["generator"]
        w, _ = self.sampler.styles(g, k_styles, n, self._drawn_labels(k_labels, n))
        shape = (n, *batch["image"].shape[1:])
        y = draw(jax.random.normal, k_y, shape)
        lengths = path_lengths(lambda w: self.sampler.synthesis(g, w, k_noise), w, y)
        now = jax.lax.stop_gradient(over_devices(lengths.mean()))
        before = given.memory["path_length"]
        mean = before + self.path_decay * (now - before)
        penalty = jnp.square(lengths - mean).mean()
        metrics = {"path_penalty": penalty, "path_length": now}
        return self.path_every * self.path_length * penalty, Aux(
            metrics, memory={"path_length": mean}
        )

    @property
    def sampler(self) -> StyleSampler:
        """The generator as a distribution."""
        classes: int = self.generator.num_classes if self.conditional else 0  # pyright: ignore
        return StyleSampler(self.generator, self.latent_dim, classes, self.mixing)

    def _augmented(self, given: Given, images: Image, key: PRNGKey) -> Image:
        if isinstance(self.augment, ADA):
            return self.augment(images, given.memory["ada_p"], key)
        return self.augment(images, key)

    def _judged(
        self, d: Variables, images: Image, labels: Label | None
    ) -> tuple[Logits, Variables]:
        return apply_net(self.discriminator, d, images, labels)

    def _labels(self, batch: Batch) -> Label | None:
        return batch["label"] if self.conditional else None

    def _drawn_labels(self, key: PRNGKey, n: int) -> Label | None:
        return draw_labels(key, n, self.sampler.classes) if self.conditional else None

    def _check(self) -> None:
        check_above(1, latent_dim=self.latent_dim, path_shrink=self.path_shrink)
        check_above(1, r1_every=self.r1_every, path_every=self.path_every)
        check_above(0, r1=self.r1, path_length=self.path_length)
        check_above(0, ema_half_life=self.ema_half_life, ema_ramp=self.ema_ramp)
        for name in ("mixing", "path_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"algorithm.{name}: {getattr(self, name)} is not in [0, 1]")
        for method in ("mapping", "synthesis"):
            if not hasattr(self.generator, method):
                raise InputError(
                    f"algorithm.generator: {type(self.generator).__name__} has no method {method},"
                    " by which styles are made and used; use StyleGAN2Generator"
                )
        if self.conditional and not hasattr(self.discriminator, "num_classes"):
            raise InputError(
                f"algorithm.discriminator: {type(self.discriminator).__name__} has no field"
                " num_classes, by which it learns the classes; add one, or set"
                " algorithm.conditional to False"
            )


def _lazily(rule: Optimizer, interval: int) -> Optimizer:
    """Adam corrected for lazy regularization at this interval; other optimizers unchanged."""
    return rule.lazily(interval) if interval and isinstance(rule, Adam) else rule
