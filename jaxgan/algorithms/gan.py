"""Generative adversarial networks (Goodfellow et al. 2014, Algorithm 1), under any objective.

A step is ``n_critic`` updates of the discriminator, each on a fresh batch of reals and of fakes,
and then one update of the generator. With other nets this is DCGAN (Radford et al. 2016); with
another objective LSGAN, a hinge GAN or RpGAN; with labels a conditional GAN
(:mod:`jaxgan.algorithms.cgan`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from optax import softmax_cross_entropy_with_integer_labels as cross_entropy

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.averaging import averaged
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.examples import generated_feature, real_of, size_of
from jaxgan.algorithms._parts.forced import forced
from jaxgan.algorithms._parts.latent import LatentName, Sampler, draw_labels
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms._parts.sharing import on_shared_fakes
from jaxgan.algorithms._parts.targets import Targets
from jaxgan.core import (
    Algorithm,
    Aux,
    Given,
    Schedule,
    Spec,
    Update,
    chain,
    every,
    minimize,
    on_first,
    on_last,
    scan_batches,
)
from jaxgan.errors import InputError
from jaxgan.losses import adversarial
from jaxgan.losses.adversarial import ObjectiveName
from jaxgan.losses.penalties import orthogonal
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.typing import Batch, ClassLogits, Examples, Label, Logits, PRNGKey, Scalar, Variables

_ALWAYS = optax.constant_schedule(1.0)
"""Factor of penalties without a schedule."""


@dataclass(frozen=True, kw_only=True)
class GAN:
    """``generator`` maps latent codes to examples, ``discriminator`` examples to logits.

    Examples are the images of the data, or its points (:mod:`jaxgan.nets.points`).
    """

    generator: nn.Module = MLPGenerator()
    """Net G."""
    discriminator: nn.Module = MLPDiscriminator()
    """Net D."""
    objective: ObjectiveName = "nonsaturating"
    """Adversarial loss; for Wasserstein losses see :class:`WGAN`."""
    conditional: bool = False
    """Conditional GAN: both players receive the class, through their nets' ``conditioning``."""
    class_loss: float = 0.0
    """Weight of the class loss of a conditional GAN whose D does not receive the class (AC-GAN,
    Odena et al. 2017). D then has a logit per class besides its own: D's loss adds the
    cross-entropy of the reals' classes, G's loss that of the requested classes. 0: D receives the
    class."""
    latent_dim: int = 100
    """Dimension of the latent code z."""
    latent: LatentName = "normal"
    """Distribution of the latent code: N(0, 1) or U(-1, 1) in each coordinate."""
    n_critic: int = 1
    """Number of discriminator updates, each on a fresh batch, per generator update."""
    fresh_reals: bool = False
    """Fresh batch of reals for G's update, instead of D's last batch, for objectives that compare
    reals with fakes (R3GAN)."""
    share_fakes: bool = False
    """Reuse of D's fakes for G's update, which saves one forward pass, as PyTorch's DCGAN example
    does; Goodfellow's Algorithm 1 draws new fakes."""
    generator_optimizer: Optimizer = Adam()
    """Optimizer of G."""
    discriminator_optimizer: Optimizer = Adam()
    """Optimizer of D; with a learning rate other than G's this is TTUR (Heusel et al. 2017)."""
    penalties: Penalties = Penalties()
    """Penalties on D."""
    targets: Targets = Targets()
    """Label smoothing, flipped labels and instance noise."""
    augment: DiffAugment = DiffAugment()
    """Augmentation of all images that D sees, real and generated; none by default."""
    orthogonal: float = 0.0
    """Weight of the orthogonal regularisation of G's kernels (1e-4 in BigGAN); 0: none."""
    ema_decay: float = 0.999
    """Decay per step of the moving average of G's weights, smaller in the first steps; 0: none."""
    ema_half_life: float = 0.0
    """Half-life in images of the moving average at the end of the run, instead of ``ema_decay``;
    it grows from 0 along half a cosine (R3GAN). 0: ``ema_decay`` is used."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, statistics, each net's last
    layer, scores and losses stay float32. Gradients, including those of penalties, pass through the
    inner layers in this type and are summed in float32."""

    def build(self, spec: Spec) -> Algorithm:
        """Builds the algorithm for the features of ``spec``.

        Raises:
          InputError: the fields are invalid or do not combine; the message says why.
        """
        example = generated_feature(spec)
        classes = needs(spec, "label")[0].classes if self.conditional else 0
        self._check()
        self.augment.check(example)
        gan = replace(
            self,
            generator=fit(self.generator, example.shape, self.compute_dtype, classes),
            discriminator=self._fit_discriminator(example.shape, classes),
        )
        g = self.generator_optimizer.transform(spec.decay_steps, "generator_optimizer")
        d = gan._discriminator_rule().transform(
            spec.decay_steps * self.n_critic, "discriminator_optimizer"
        )
        g, d = forced(gan.generator, g), forced(gan.discriminator, d)
        n, factor = self.n_critic + self.fresh_reals, self.penalties.factor(spec.decay_steps)

        if self.share_fakes:
            discriminator = gan._regularized(gan.judge, d, factor)
            players = on_shared_fakes(gan.generate, discriminator, gan.fool, g)
        else:
            discriminator = gan._regularized(gan.discriminator_loss, d, factor)
            players = chain(
                on_first(self.n_critic, n, scan_batches(self.n_critic, discriminator)),
                on_last(n, minimize("generator", gan.generator_loss, g)),
            )
        average = averaged("generator", self.ema_decay, self.ema_half_life, spec.decay_steps)
        step = chain(players, on_last(n, average))

        batch = {"label": jnp.zeros(2, jnp.int32)}
        labels, d_labels, kept = self._labels(batch), self._d_labels(batch), self._averages
        z, examples = jnp.zeros((2, self.latent_dim)), jnp.zeros((2, *example.shape))
        return assemble(
            {
                "generator": Network(gan.generator, (z, labels), g, kept),
                "discriminator": Network(gan.discriminator, (examples, d_labels), d),
            },
            step,
            functions={"sample": gan.sampler.function(example)},
            show=gan.sampler.sheet(example),
            measure=gan.sampler.measure_for(spec),
            batches_per_step=n,
        )

    # The two losses, each on its own fakes.

    def discriminator_loss(
        self, given: Given, batch: Batch, key: PRNGKey, factor: Schedule = _ALWAYS
    ) -> tuple[Scalar, Aux]:
        """D's loss on the batch and on fakes with the same labels."""
        k_fake, k_judge = jax.random.split(key)
        fake, g = self.generate(given, batch, k_fake)
        loss, aux = self.judge(given, {**batch, "fake": fake}, k_judge, factor)
        return loss, aux.replace(variables={**aux.variables, "generator": g})

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """G's loss on fresh fakes with new random labels.

        If the objective compares reals with fakes, the labels are those of the batch.
        """
        k_labels, k_fake, k_fool = jax.random.split(key, 3)
        if self.conditional and not self._objective.pairs:
            n, classes = batch["label"].shape[0], self.sampler.classes
            batch = {**batch, "label": draw_labels(k_labels, n, classes)}
        fake, g = self.generate(given, batch, k_fake)
        loss, aux = self.fool(given, {**batch, "fake": fake}, k_fool)
        if self.orthogonal:
            loss += self.orthogonal * orthogonal(given.variables["generator"]["params"])
        return loss, aux.replace(variables={**aux.variables, "generator": g})

    # Their pieces, on given fakes.

    def generate(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Examples, Variables]:
        """One fake for each example of the batch, with its label, and G's new variables."""
        n, g = size_of(batch), given.variables["generator"]
        return self.sampler.generate(g, key, n, self._labels(batch))

    def judge(
        self, given: Given, batch: Batch, key: PRNGKey, factor: Schedule = _ALWAYS
    ) -> tuple[Scalar, Aux]:
        """D's objective on the reals and ``batch["fake"]``, plus penalties times their factor."""
        k_targets, k_real, k_fake, k_penalty, *k_nets = jax.random.split(key, 6)
        d = given.variables["discriminator"]
        real = self.targets.noisy(k_real, real_of(batch))
        fake = self.targets.noisy(k_fake, batch["fake"])
        # Two forward passes, as in DCGAN: BatchNorm must not mix reals and fakes.
        seen = self.augment(real, k_real), self.augment(fake, k_fake)
        real_logits, of_class, d = self._judged(d, seen[0], batch, k_nets[0])
        fake_logits, _, d = self._judged(d, seen[1], batch, k_nets[1])
        objective = self._objective
        loss = self.targets.discriminator_loss(objective, real_logits, fake_logits, k_targets)
        metrics = {
            "real_logits": real_logits.mean(),
            "fake_logits": fake_logits.mean(),
            "real_rate": adversarial.real_rate(objective, real_logits, fake_logits),
        }
        if self.class_loss:
            loss += self._class_loss(of_class, batch)
            metrics["class_accuracy"] = jnp.mean(of_class.argmax(-1) == batch["label"])
        if self.penalties and self.penalties.every == 1:
            penalty, terms = self._penalty(d, batch, real, fake, real_logits, k_penalty)
            loss = loss + factor(given.step) * penalty
            metrics |= terms
        return loss, Aux(metrics, {"discriminator": d})

    def fool(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """G's objective on ``batch["fake"]``."""
        k_real, k_fake, *k_nets = jax.random.split(key, 4)
        d, real_logits = given.variables["discriminator"], None
        if self._objective.pairs:
            real = self.augment(self.targets.noisy(k_real, real_of(batch)), k_real)
            real_logits, _, d = self._judged(d, real, batch, k_nets[0])
        fake = self.augment(self.targets.noisy(k_fake, batch["fake"]), k_fake)
        fake_logits, of_class, d = self._judged(d, fake, batch, k_nets[1])
        loss = self._objective.generator(fake_logits, real_logits)
        if self.class_loss:
            loss += self._class_loss(of_class, batch)
        return loss, Aux(variables={"discriminator": d})

    def penalty_loss(
        self, given: Given, batch: Batch, key: PRNGKey, factor: Schedule = _ALWAYS
    ) -> tuple[Scalar, Aux]:
        """The penalties times their factor, for a separate update (lazy regularization)."""
        k_fake, k_penalty, k_net = jax.random.split(key, 3)
        d, real = given.variables["discriminator"], real_of(batch)
        fake, _ = self.generate(given, batch, k_fake)
        seen = self.augment(real, k_net)
        real_logits, *_ = self._judged(d, seen, batch, k_net)
        penalty, terms = self._penalty(d, batch, real, fake, real_logits, k_penalty)
        return factor(given.step) * penalty, Aux(terms)

    def _penalty(
        self,
        d: Variables,
        batch: Batch,
        real: Examples,
        fake: Examples,
        real_logits: Logits,
        key: PRNGKey,
    ) -> tuple[Scalar, dict[str, Scalar]]:
        k_net = jax.random.fold_in(key, 1)

        def critic(examples: Examples) -> Logits:
            return self._judged(d, examples, batch, k_net)[0]

        return self.penalties(critic, real, fake, real_logits, key, self.augment)

    def _regularized(
        self, loss: Callable[..., Any], tx: optax.GradientTransformation, factor: Schedule
    ) -> Update:
        """D's update, and a separate lazy update of the penalties if ``penalties.every`` > 1."""
        discriminator = minimize("discriminator", partial(loss, factor=factor), tx)
        if not self.penalties or self.penalties.every == 1:
            return discriminator
        penalty_loss = partial(self.penalty_loss, factor=factor)
        penalty = minimize("discriminator", penalty_loss, tx, label="penalty")
        return chain(discriminator, every(self.penalties.every, penalty))

    def _discriminator_rule(self) -> Optimizer:
        lazy = self.penalties and self.penalties.every > 1
        rule = self.discriminator_optimizer
        return rule.lazily(self.penalties.every) if lazy and isinstance(rule, Adam) else rule

    def _judged(
        self, d: Variables, examples: Examples, batch: Batch, key: PRNGKey
    ) -> tuple[Logits, Any, Variables]:
        """D's logits that examples are real, its class logits if it has them, its new variables."""
        logits, d = apply_net(self.discriminator, d, examples, self._d_labels(batch), key=key)
        return (logits[:, 0], logits[:, 1:], d) if self.class_loss else (logits, None, d)

    def _class_loss(self, of_class: ClassLogits, batch: Batch) -> Scalar:
        return self.class_loss * cross_entropy(of_class, batch["label"]).mean()

    def _fit_discriminator(self, shape: tuple[int, ...], classes: int) -> nn.Module:
        """D for the data, with one more output per class if it does not receive the class."""
        if not self.class_loss:
            return fit(self.discriminator, shape, self.compute_dtype, classes)
        return fit(self.discriminator.clone(outputs=1 + classes), shape, self.compute_dtype)

    def _labels(self, batch: Batch) -> Label | None:
        """The class as G receives it."""
        return batch["label"] if self.conditional else None

    def _d_labels(self, batch: Batch) -> Label | None:
        """The class as D receives it."""
        return None if self.class_loss else self._labels(batch)

    @property
    def _averages(self) -> bool:
        """Whether a moving average of G's weights is kept."""
        return self.ema_decay > 0 or self.ema_half_life > 0

    @property
    def _objective(self) -> adversarial.Objective:
        return adversarial.get(self.objective)

    @property
    def sampler(self) -> Sampler:
        """The generator as a distribution."""
        classes: int = self.generator.num_classes if self.conditional else 0  # pyright: ignore
        return Sampler(self.generator, self.latent_dim, self.latent, classes)

    def _check(self) -> None:
        check_above(1, n_critic=self.n_critic, latent_dim=self.latent_dim)
        check_above(
            0,
            orthogonal=self.orthogonal,
            ema_half_life=self.ema_half_life,
            class_loss=self.class_loss,
        )
        check_decay(self.ema_decay)
        if self._objective.lipschitz:
            raise InputError(
                f"algorithm.objective: {self.objective} needs a critic that is kept Lipschitz; use"
                " the algorithm WGAN"
            )
        self.targets.check(self._objective)
        self.penalties.check(self.discriminator, "discriminator", lazy=True, scheduled=True)
        for player in ("generator", "discriminator"):
            net = getattr(self, player)
            receives = self.conditional and not (self.class_loss and player == "discriminator")
            if receives and not hasattr(net, "num_classes"):
                raise InputError(
                    f"algorithm.{player}: {type(net).__name__} has no field num_classes, by which"
                    " it learns the classes; add one, or set algorithm.conditional to False"
                )
        if self.class_loss and not self.conditional:
            raise InputError(
                "algorithm.class_loss: there are no classes to ask for; set algorithm.conditional"
                " to True, or use class_loss 0"
            )
        if self.class_loss and not hasattr(self.discriminator, "outputs"):
            raise InputError(
                f"algorithm.discriminator: {type(self.discriminator).__name__} has no field"
                " outputs, and class_loss needs a logit per class; add one, or use class_loss 0"
            )
        if self.share_fakes and self.orthogonal:
            raise InputError(
                "algorithm.orthogonal: with share_fakes G learns by its fakes alone: leave one of"
                " the two out"
            )
        if self.fresh_reals and (self.share_fakes or not self._objective.pairs):
            raise InputError(
                "algorithm.fresh_reals: the generator has nothing to compare with a batch of its"
                " own; use objective relativistic without share_fakes, or fresh_reals False"
            )
        if self.share_fakes and self.n_critic > 1:
            raise InputError(
                f"algorithm.share_fakes: there are {self.n_critic} batches of fakes a step and the"
                " generator learns from one; use algorithm.n_critic 1"
            )
