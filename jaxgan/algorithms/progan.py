"""ProGAN (Karras et al. 2018): both nets grow level by level, from 4 px to the size of the data.

Each level is a leg of the run: it adopts the layers of the previous level by name, fades its own
layers in, and starts with new optimizers. The loss is WGAN-GP's plus a drift term, with one update
of the discriminator per update of the generator.
"""

import itertools
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.algorithms._parts.assemble import Network, assemble
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.latent import Sampler
from jaxgan.algorithms._parts.needs import check_above, check_decay, needs
from jaxgan.algorithms._parts.networks import ComputeDtype, apply_net, fit
from jaxgan.algorithms._parts.optimizer import Adam, Optimizer
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms._parts.wasserstein import critic_loss
from jaxgan.core import (
    Aux,
    Feature,
    Given,
    Leg,
    Spec,
    TrainState,
    Update,
    chain,
    ema,
    minimize,
)
from jaxgan.errors import InputError
from jaxgan.losses import wasserstein
from jaxgan.nets import ProGANDiscriminator, ProGANGenerator
from jaxgan.nets.progan import SMALLEST, blend
from jaxgan.ops import mean_pool, upsample
from jaxgan.ops.pixels import to_float
from jaxgan.typing import Batch, Image, Metrics, PRNGKey, Scalar, Variables

Resized: TypeAlias = Float[Array, "batch new_height new_width channels"]


@dataclass(frozen=True, kw_only=True)
class ProGAN:
    """``generator`` against ``discriminator``; both double their resolution at each level."""

    generator: nn.Module = ProGANGenerator()
    """Net G."""
    discriminator: nn.Module = ProGANDiscriminator()
    """Net D."""
    latent_dim: int = 512
    """Dimension of the latent code z, drawn from N(0, I)."""
    shares: tuple[float, ...] = (1.0, 2.0)
    """Relative number of images at each level from 4 px; the last value holds for all higher
    levels. The paper trains on 600,000 images at 4 px and 1,200,000 at each other level: 1 2."""
    fade: float = 0.5
    """Fraction of a level's steps in which it fades in (600,000 of 1,200,000 images in the
    paper)."""
    batch_sizes: tuple[int, ...] = ()
    """Batch size of each level from 4 px; the last value holds for all higher levels. Empty:
    data.batch_size."""
    penalties: Penalties = Penalties(gradient_penalty=10.0, drift=0.001)
    """Penalties on D: WGAN-GP's gradient penalty and the drift. Gradients are with respect to
    images at the level's resolution."""
    augment: DiffAugment = DiffAugment()
    """Augmentation of all images that D sees, real and generated; none by default."""
    generator_optimizer: Optimizer = Adam(lr=1e-3, b1=0.0, b2=0.99)
    """Optimizer of G, new at each level; a schedule covers one level."""
    discriminator_optimizer: Optimizer = Adam(lr=1e-3, b1=0.0, b2=0.99)
    """Optimizer of D, new at each level; a schedule covers one level."""
    ema_decay: float = 0.999
    """Decay per step of the moving average of G's weights, which the next level adopts; 0: none."""
    compute_dtype: ComputeDtype = "float32"
    """Data type of activations in the nets; parameters, optimizer, RGB layers, D's last layer,
    scores and losses stay float32."""

    def build(self, spec: Spec) -> list[Leg]:
        """Builds a leg for each level: 4 px, 8 px, ... up to the data's size.

        The levels share ``spec.decay_steps``; in a longer run the last level is longer.

        Raises:
          InputError: a field is invalid; the message says why.
        """
        (image,) = needs(spec, "image")
        self._check(image)
        self.augment.check(image)
        lengths = self.lengths(spec.decay_steps, image.shape[0].bit_length() - 2)
        if min(lengths) < 1:
            each = ", ".join(map(str, lengths))
            raise InputError(f"steps: {spec.decay_steps} leaves levels of {each} steps; use more")
        starts = list(itertools.accumulate(lengths, initial=0))
        ends = [*starts[1:-1], max(starts[-1], spec.steps)]
        return [
            self._leg(image, i, starts[i], lengths[i], min(end, spec.steps))
            for i, end in enumerate(ends)
            if starts[i] < spec.steps
        ]

    def lengths(self, steps: int, levels: int) -> list[int]:
        """Steps of each level, in proportion to shares / batch sizes; their sum is ``steps``."""
        sizes = self.batch_sizes or (1,)
        weights = [_of_level(self.shares, i) / _of_level(sizes, i) for i in range(levels)]
        ends = [round(steps * w / sum(weights)) for w in itertools.accumulate(weights)]
        return [end - start for start, end in itertools.pairwise([0, *ends])]

    def _leg(self, image: Feature, level: int, first: int, length: int, end: int) -> Leg:
        """The level from global step ``first`` to ``end``; fade and schedules use ``length``."""
        size = SMALLEST << level
        shape = (size, size, image.shape[2])
        gan = replace(
            self,
            generator=fit(self.generator, shape, self.compute_dtype),
            discriminator=fit(self.discriminator, shape, self.compute_dtype),
        )
        g = self.generator_optimizer.transform(length, "generator_optimizer")
        d = self.discriminator_optimizer.transform(length, "discriminator_optimizer")

        step = chain(
            fade_in(first, round(self.fade * length) if level else 0),
            minimize("discriminator", gan.discriminator_loss, d),
            minimize("generator", gan.generator_loss, g),
            ema("generator", self.ema_decay),
        )

        def sample(weights: dict[str, Variables], inputs: dict[str, Any], key: PRNGKey) -> Image:
            images = gan.sampler.sample(weights, inputs, key)
            return jnp.clip(enlarged(images, image.shape[0]), -1.0, 1.0)

        def show(weights: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Array]:
            del batch
            images = sample(weights, {"n": 100}, key)
            return {"": images.reshape(10, 10, *images.shape[1:])}

        z, images = jnp.zeros((2, self.latent_dim)), jnp.zeros((2, *shape))
        if level:
            _check_grows(gan.generator, "generator", z)
            _check_grows(gan.discriminator, "discriminator", images)
        algorithm = assemble(
            {
                "generator": Network(gan.generator, (z,), g, self.ema_decay > 0),
                "discriminator": Network(gan.discriminator, (images,), d),
            },
            step,
            functions={"sample": gan.sampler.function(image)._replace(apply=sample)},
            show=show,
        )
        data = {"batch_size": _of_level(self.batch_sizes, level)} if self.batch_sizes else {}
        return Leg(algorithm, end - first, data)

    def discriminator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """E[D(G(z))] - E[D(x)] + lambda E[(||grad D(x_hat)|| - 1)^2] + epsilon E[D(x)^2].

        With augmentations T, x and G(z) are replaced by T(x) and T(G(z)); x_hat lies between them.
        The gradient is that of the summed scores, because the minibatch standard deviation makes
        an image affect all scores of its group.
        """
        k_fake, k_penalty = jax.random.split(key)
        d = given.variables["discriminator"]
        real = self.reals(batch, d)
        fake, g = self.sampler.generate(given.variables["generator"], k_fake, real.shape[0])
        net, penalties = self.discriminator, self.penalties
        loss, metrics, d = critic_loss(net, d, real, fake, penalties, k_penalty, self.augment)
        return loss, Aux(metrics, {"generator": g, "discriminator": d})

    def generator_loss(self, given: Given, batch: Batch, key: PRNGKey) -> tuple[Scalar, Aux]:
        """-E[D(T(G(z)))]."""
        n = batch["image"].shape[0]
        fake, g = self.sampler.generate(given.variables["generator"], key, n)
        fake = self.augment(fake, key)
        scores, d = apply_net(self.discriminator, given.variables["discriminator"], fake)
        return wasserstein.generator(scores), Aux(variables={"generator": g, "discriminator": d})

    def reals(self, batch: Batch, discriminator: Variables) -> Resized:
        """Real images x, box-filtered to D's resolution and faded like G's images.

        The result is alpha x + (1 - alpha) upsample(downsample(x)), with D's alpha.
        """
        size: int = self.discriminator.image_shape[0]  # pyright: ignore
        x = lowered(to_float(batch["image"]), size)
        if "fade" not in discriminator:
            return x
        return blend(upsample(mean_pool(x)), x, discriminator["fade"]["alpha"])

    @property
    def sampler(self) -> Sampler:
        """The generator as a distribution."""
        return Sampler(self.generator, self.latent_dim, "normal")

    def _check(self, image: Feature) -> None:
        height, width, _ = image.shape
        larger = 1 << (max(height, width, SMALLEST) - 1).bit_length()
        if (height, width) != (larger, larger):
            raise InputError(
                f"data.image_size: ProGAN doubles {SMALLEST} px again and again, and never gets"
                f" {height}; use {larger}"
            )
        check_above(1, latent_dim=self.latent_dim)
        check_decay(self.ema_decay)
        if not self.shares or min(self.shares) <= 0:
            raise InputError(
                f"algorithm.shares: {self.shares} should be one or more numbers above 0, as 1 2"
            )
        if min(self.batch_sizes, default=1) < 1:
            raise InputError(f"algorithm.batch_sizes: {min(self.batch_sizes)} is below 1")
        if not 0 <= self.fade <= 1:
            raise InputError(f"algorithm.fade: {self.fade} is not in [0, 1]")
        self.penalties.check(self.discriminator, "discriminator")
        if not self.penalties.smooths:
            raise InputError(
                "algorithm.penalties: a Wasserstein loss needs a discriminator that is kept"
                " Lipschitz; set gradient_penalty above 0"
            )


def _check_grows(net: nn.Module, player: str, inputs: Array) -> None:
    if "fade" not in jax.eval_shape(net.init, jax.random.key(0), inputs):
        raise InputError(
            f"algorithm.{player}: {type(net).__name__} cannot fade a level in: it has no variable"
            f" alpha in a collection fade; use ProGAN{player.capitalize()}"
        )


def fade_in(first: int, steps: int) -> Update:
    """Sets alpha = (t - first) / steps, clipped to [0, 1], in every player that fades, at step t.

    So alpha is 0 at the level's first step, where only the previous level's output counts.

    Args:
      first: global step at which the level begins.
      steps: steps until alpha is 1; 0: alpha is 1 from the start.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        del batch, key
        alpha = jnp.clip((state.step - first) / steps, 0.0, 1.0) if steps else jnp.ones(())
        fading = {
            name: {"fade": {"alpha": alpha}}
            for name, player in state.players.items()
            if "fade" in player.variables
        }
        return state.with_statistics(fading), {"alpha": alpha}

    return update


def lowered(images: Image, size: int) -> Resized:
    """Images reduced to ``size`` px by a box filter, the mean of each block of pixels."""
    while images.shape[1] > size:
        images = mean_pool(images)
    return images


def enlarged(images: Image, size: int) -> Resized:
    """Images enlarged to ``size`` px by nearest neighbour: each pixel becomes a block."""
    while images.shape[1] < size:
        images = upsample(images)
    return images


def _of_level(values: tuple[Any, ...], level: int) -> Any:
    """The value of a level; the last one holds for all higher levels."""
    return values[min(level, len(values) - 1)]
