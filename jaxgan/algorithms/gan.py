"""Generative adversarial networks (Goodfellow et al. 2014, Algorithm 1), under any objective.

Each step: the discriminator's update on a real batch and a fresh fake one, ``n_critic`` times,
then the generator's. With other nets this is DCGAN (Radford et al. 2016); with another objective
LSGAN, a hinge GAN or RpGAN.
"""

from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.checks import check_domains, check_n_critic, check_smooth
from jaxgan.algorithms._parts.latent import LatentName, Sampler
from jaxgan.algorithms._parts.networks import create_state, fit, forward
from jaxgan.algorithms._parts.optimizer import Training
from jaxgan.algorithms._parts.sharing import again, forget, generate
from jaxgan.core import (
    Algorithm,
    Aux,
    Spec,
    TrainState,
    Update,
    chain,
    ema,
    minimize,
    on_last,
    scan_batches,
)
from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.losses import adversarial, penalties
from jaxgan.losses.adversarial import ObjectiveName
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Critic, Image, Label, Logits, Params, PRNGKey, Scalar, Variables


@dataclass(frozen=True, kw_only=True)
class GAN(Training):
    """``generator`` maps latent codes to images, ``discriminator`` images to logits."""

    generator: nn.Module = MLPGenerator()
    """The net G."""
    discriminator: nn.Module = MLPDiscriminator()
    """The net D."""
    objective: ObjectiveName = "nonsaturating"
    """What the players minimise."""
    latent_dim: int = 100
    """Numbers in a latent code."""
    latent: LatentName = "normal"
    """The code's distribution: N(0, 1) or U(-1, 1)."""
    discriminator_learning_rate: float | None = None
    """None: the same as learning_rate; another value is TTUR (Heusel et al. 2017)."""
    n_critic: int = 1
    """Discriminator updates, each on a fresh batch, before one of the generator."""
    share_fakes: bool = False
    """The generator learns from the fakes (and labels) of the discriminator's update, as in the
    paper's PyTorch code, and makes no others: one forward less a step, for its activations kept in
    memory through the discriminator's update."""
    gradient_penalty: float = 0.0
    """Weight of WGAN-GP's penalty (lambda, 10 in the paper)."""
    r1: float = 0.0
    """gamma of the R1 penalty, gamma/2 E|grad D(x)|^2 over reals."""
    r2: float = 0.0
    """gamma of the R2 penalty, the same over fakes."""
    drift: float = 0.0
    """Weight of E[D(x)^2] (.001 in ProGAN)."""
    real_label: float = 1.0
    """Target of reals under a cross-entropy; .9 is one-sided label smoothing."""
    flip_labels: float = 0.0
    """Probability of a flipped target under a cross-entropy."""
    instance_noise: float = 0.0
    """Standard deviation of the noise that the discriminator's inputs get."""

    def build(self, spec: Spec) -> Algorithm:
        """The algorithm for data of that shape.

        Raises:
          InputError: for a combination that makes no sense, and says why.
        """
        check_domains(spec, self.images)
        self._check()
        gan = self.fitted(spec)
        rate = self.discriminator_learning_rate or self.learning_rate
        tx = {
            "generator": self.transform(self.learning_rate, spec.steps),
            "discriminator": self.transform(rate, spec.steps * self.n_critic),
        }
        step = alternate(
            minimize("discriminator", gan.discriminator_loss, tx["discriminator"]),
            minimize("generator", gan.generator_loss, tx["generator"]),
            self.n_critic,
        )
        if self.share_fakes:
            step = chain(step, forget)
        if self.ema_decay:
            step = chain(step, ema("generator", self.ema_decay))

        def init(key: PRNGKey, batch: Batch) -> TrainState:
            del batch
            labels = gan.draw_labels(key, 2)
            nets = {
                "generator": (gan.generator, (jnp.zeros((2, self.latent_dim)), labels)),
                "discriminator": (gan.discriminator, (jnp.zeros((2, *spec.image_shape)), labels)),
            }
            return create_state(key, nets, tx, averaged=("generator",) if self.ema_decay else ())

        sampler = gan.sampler
        return Algorithm(
            init, step, sampler.predict, sampler.preview, self.n_critic, sampler.num_classes
        )

    def discriminator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """The objective on a real batch and a fake one of the same labels, plus penalties."""
        del memory
        k_latent, k_targets, k_real, k_fake, k_penalty = jax.random.split(key, 5)
        real, labels = to_float(batch["image"]), self.labels_of(batch)
        fake, g, memory = self._fakes(variables, k_latent, real.shape[0], labels)
        real, fake = self._noisy(k_real, real), self._noisy(k_fake, fake)
        # Two batches of their own, as in DCGAN: BatchNorm must not mix reals and fakes.
        real_logits, d = forward(self.discriminator, variables["discriminator"], real, labels)
        fake_logits, d = forward(self.discriminator, d, fake, labels)

        def critic(images: Image) -> Logits:
            return forward(self.discriminator, d, images, labels)[0]

        loss = self._objective(real_logits, fake_logits, k_targets)
        loss += self._penalty(critic, real, fake, real_logits, k_penalty)
        metrics = {
            "real_logits": real_logits.mean(),
            "fake_logits": fake_logits.mean(),
            "real_rate": adversarial.real_rate(self.objective, real_logits, fake_logits),
        }
        return loss, Aux(metrics, {"generator": g, "discriminator": d}, memory)

    def generator_loss(
        self, variables: dict[str, Variables], batch: Batch, key: PRNGKey, memory: dict[str, Any]
    ) -> tuple[Scalar, Aux]:
        """The objective on fresh fakes, whose labels are drawn anew, or on the same ones."""
        k_latent, k_labels, k_real, k_fake = jax.random.split(key, 4)
        n = batch["image"].shape[0]
        d, real_logits = variables["discriminator"], None
        relativistic = self.objective == "relativistic"  # compares pairs of one label
        given = relativistic or self.share_fakes
        labels = self.labels_of(batch) if given else self.draw_labels(k_labels, n)
        if relativistic:
            real = self._noisy(k_real, to_float(batch["image"]))
            real_logits, d = forward(self.discriminator, d, real, labels)
        if self.share_fakes:
            g = variables["generator"]
            fake = again(g["params"], memory["fakes"])
        else:
            fake, g = self.sampler.generate(variables, k_latent, n, labels)
        fake_logits, d = forward(self.discriminator, d, self._noisy(k_fake, fake), labels)
        loss = adversarial.get(self.objective).generator(fake_logits, real_logits)
        return loss, Aux(variables={"generator": g, "discriminator": d})

    # What a conditional GAN changes.

    def classes(self, spec: Spec) -> int:
        """Classes that the nets are told of: none."""
        del spec
        return 0

    def labels_of(self, batch: Batch) -> Label | None:
        """The labels that D sees beside the reals: none."""
        del batch
        return None

    def draw_labels(self, key: PRNGKey, n: int) -> Label | None:
        """The labels that G is asked for: none."""
        del key, n
        return None

    # Pieces of the losses.

    def _fakes(
        self, variables: dict[str, Variables], key: PRNGKey, n: int, labels: Label | None
    ) -> tuple[Image, Variables, dict[str, Any]]:
        """Images, the generator's new variables, and what its own update will need of them."""
        if not self.share_fakes:
            return *self.sampler.generate(variables, key, n, labels), {}
        g = variables["generator"]

        def generator(params: Params) -> tuple[Image, Variables]:
            changed = {**variables, "generator": {**g, "params": params}}
            return self.sampler.generate(changed, key, n, labels)

        fakes, new = generate(generator, g["params"])
        return fakes.images, {**new, "params": g["params"]}, {"fakes": fakes}

    def _noisy(self, key: PRNGKey, images: Image) -> Image:
        if not self.instance_noise:
            return images
        return images + self.instance_noise * draw(jax.random.normal, key, images.shape)

    def _objective(self, real_logits: Logits, fake_logits: Logits, key: PRNGKey) -> Scalar:
        discriminator = adversarial.get(self.objective).discriminator
        if self.real_label == 1.0 and not self.flip_labels:
            return discriminator(real_logits, fake_logits)
        targets = adversarial.noisy_targets(
            key, real_logits.shape, self.real_label, self.flip_labels
        )
        return discriminator(real_logits, fake_logits, *targets)

    def _penalty(
        self, critic: Critic, real: Image, fake: Image, real_logits: Logits, key: PRNGKey
    ) -> Scalar | float:
        penalty = 0.0
        if self.gradient_penalty:
            term = penalties.gradient_penalty(critic, real, fake, key)
            penalty += self.gradient_penalty * term
        if self.r1:
            penalty += self.r1 / 2 * penalties.r1(critic, real)
        if self.r2:
            penalty += self.r2 / 2 * penalties.r2(critic, fake)
        if self.drift:
            penalty += self.drift * penalties.drift(real_logits)
        return penalty

    def _check(self) -> None:
        check_n_critic(self.n_critic)
        if self.share_fakes and self.n_critic > 1:
            raise InputError(
                f"algorithm.share_fakes: there are {self.n_critic} batches of fakes a step and the"
                " generator learns from one; use algorithm.n_critic 1"
            )
        check_smooth(self.discriminator, "discriminator", self.gradient_penalty, self.r1, self.r2)
        spectral = getattr(self.discriminator, "norm", None) == "spectral"
        if self.objective == "wasserstein" and not (self.gradient_penalty or self.r1 or spectral):
            raise InputError(
                "algorithm.objective: wasserstein needs a Lipschitz discriminator: set"
                " algorithm.gradient_penalty, or use the algorithm WGAN, which clips its weights"
            )
        noisy = self.real_label != 1.0 or self.flip_labels
        if noisy and self.objective not in ("minimax", "nonsaturating"):
            field = "flip_labels" if self.flip_labels else "real_label"
            raise InputError(
                f"algorithm.{field}: the {self.objective} objective has no labels to change;"
                " use minimax or nonsaturating"
            )

    @property
    def sampler(self) -> Sampler:
        """The generator as a distribution."""
        classes = getattr(self.generator, "num_classes", 0)
        return Sampler(self.generator, self.latent_dim, self.latent, classes)

    def fitted(self, spec: Spec) -> "GAN":
        """The same with nets made for the data's shape and classes."""
        classes = self.classes(spec)
        return replace(
            self,
            generator=fit(self.generator, spec, self.compute_dtype, classes),
            discriminator=fit(self.discriminator, spec, self.compute_dtype, classes),
        )


def alternate(critic: Update, generator: Update, n_critic: int) -> Update:
    """``critic`` on each of ``n_critic`` fresh batches, then ``generator`` on the last one."""
    if n_critic == 1:
        return chain(critic, generator)
    return chain(scan_batches(critic), on_last(generator))
