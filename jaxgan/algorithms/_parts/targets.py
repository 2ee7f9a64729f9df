"""Label smoothing, label flipping and instance noise, as hyperparameters."""

from dataclasses import dataclass

import jax

from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.losses.adversarial import Objective, noisy_targets
from jaxgan.typing import Examples, Logits, PRNGKey, Scalar


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Label smoothing, flipped labels and instance noise (Salimans et al. 2016, section 3.4)."""

    real_label: float = 1.0
    """Target of reals in the cross-entropy; 0.9 is one-sided label smoothing."""
    flip: float = 0.0
    """Probability of a flipped target in the cross-entropy."""
    noise: float = 0.0
    """Standard deviation of the noise added to the discriminator's inputs."""

    def noisy(self, key: PRNGKey, examples: Examples) -> Examples:
        """The examples with instance noise."""
        if not self.noise:
            return examples
        return examples + self.noise * draw(jax.random.normal, key, examples.shape)

    def discriminator_loss(
        self, objective: Objective, real_logits: Logits, fake_logits: Logits, key: PRNGKey
    ) -> Scalar:
        """The objective's loss of D, with smoothed or flipped targets if configured."""
        if not self._changed:
            return objective.discriminator(real_logits, fake_logits)
        targets = noisy_targets(key, real_logits.shape, self.real_label, self.flip)
        return objective.discriminator(real_logits, fake_logits, *targets)

    def check(self, objective: Objective) -> None:
        """Raises InputError for a field out of range, or an objective without targets."""
        for name in ("real_label", "flip"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(
                    f"algorithm.targets.{name}: {getattr(self, name)} is not in [0, 1]"
                )
        if not self.noise >= 0:
            raise InputError(f"algorithm.targets.noise: {self.noise} is below 0")
        if self._changed and not objective.targets:
            field = "flip" if self.flip else "real_label"
            raise InputError(
                f"algorithm.targets.{field}: this objective has no targets to change; use minimax"
                " or nonsaturating"
            )

    @property
    def _changed(self) -> bool:
        return self.real_label != 1.0 or self.flip > 0
