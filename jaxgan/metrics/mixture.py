"""Coverage of a mixture of Gaussians: how many of its modes were found, and how well."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int

from jaxgan.errors import InputError

CAPACITY = 10_000
"""Points of each kind that are read; those that follow are passed over."""

WITHIN = 3.0
"""Standard deviations around a mode in which a sample is a good one."""


def mixture_coverage(
    real: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, "n"],
    fake: Float[np.ndarray, "m d"],
    within: float = WITHIN,
) -> dict[str, float]:
    """``overlap``, ``modes``: those nearest to one good sample or more, and ``good``: their share.

    A sample x is good if sqrt(sum_j ((x_j - c_j) / s_j)^2) <= ``within`` for the nearest centre c.
    The centres are the means of the reals by label, and s is the reals' deviation from their own
    centre, one for all modes: so the numbers are the same in any units of an axis. Of reals 98.9%
    are good in the plane, and 99.7% on a line. The overlap is sum_k min(p_k, q_k), where p_k is the
    share of mode k in the reals and q_k that of its good samples in all samples: nearly 1 for the
    mixture itself, and at most m/K where m of K modes were found.

    Args:
      real: points of the mixture.
      labels: the mode of each.
      fake: samples; one that is not finite is not good.
      within: standard deviations.

    Raises:
      InputError: there are no samples, or no two reals of one mode.

    Reference: Srivastava et al. 2017 (VEEGAN), section 4.1, for modes and good samples, of 2,500.
    """
    modes, place = np.unique(labels, return_inverse=True)
    if not len(fake) or len(real) <= len(modes):
        raise InputError(
            f"real: {len(real)} points of {len(modes)} modes and {len(fake)} samples; use more"
        )
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    centres = np.stack([real[place == k].mean(0) for k in range(len(modes))])
    variance = np.square(real - centres[place]).sum(0) / (len(real) - len(modes))
    scaled = (fake[:, None] - centres) / np.sqrt(variance)
    distance = np.sqrt(np.square(scaled).sum(-1))
    good = distance.min(1) <= within
    counts = np.bincount(distance.argmin(1)[good], minlength=len(modes))
    overlap = np.minimum(np.bincount(place) / len(real), counts / len(fake)).sum()
    return {
        "overlap": float(overlap),
        "modes": float((counts > 0).sum()),
        "good": float(good.mean()),
    }


class Mixture(struct.PyTreeNode):
    """Points and samples, a batch at a time, for :func:`mixture_coverage`."""

    real: Any
    labels: Any
    fake: Any
    count: Any
    """Points read, of each kind."""

    @classmethod
    def create(cls, dimensions: int, capacity: int = CAPACITY) -> "Mixture":
        """Room for ``capacity`` points of each kind; none is read yet."""
        points = jnp.zeros((capacity, dimensions))
        return cls(points, jnp.zeros(capacity, jnp.int32), points, jnp.zeros((), jnp.int32))

    def update(
        self,
        real: Float[Array, "b d"],
        labels: Int[Array, "b"],
        fake: Float[Array, "b d"],
    ) -> "Mixture":
        """These points besides those before.

        Args:
          real: held-out points.
          labels: the mode of each.
          fake: as many samples.
        """
        return self._with(real, labels, fake, jnp.asarray(len(labels)))

    def merge(self, other: "Mixture") -> "Mixture":
        """The points of both."""
        return self._with(other.real, other.labels, other.fake, other.count)

    def _with(self, real: Array, labels: Array, fake: Array, count: Array) -> "Mixture":
        """The points, and the first ``count`` of others."""
        capacity, place = len(self.labels), jnp.arange(len(labels))
        place = jnp.where(place < count, self.count + place, capacity)
        return Mixture(
            self.real.at[place].set(real, mode="drop"),
            self.labels.at[place].set(labels, mode="drop"),
            self.fake.at[place].set(fake, mode="drop"),
            jnp.minimum(self.count + count, capacity).astype(jnp.int32),
        )

    def compute(self) -> dict[str, float]:
        """The numbers of :func:`mixture_coverage`.

        Raises:
          InputError: as there.
        """
        n = int(self.count)
        real, labels, fake = (np.asarray(x)[:n] for x in (self.real, self.labels, self.fake))
        return mixture_coverage(real, labels, fake)
