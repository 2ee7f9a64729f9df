"""The second form of the compiled step, ``jax.pmap``: each device has its own part of the batch.

The functions of :mod:`jaxgan.core.sharding` compute means and random numbers of the global batch in
both forms, so a method need not know which form runs it.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxgan.core import TrainState, Update
from jaxgan.core.sharding import AXIS
from jaxgan.errors import InputError
from jaxgan.system.devices import Devices, Parallel
from jaxgan.typing import Batch


class Pmap(Devices):
    """The devices of one process, each with a full copy of the state and its own program."""

    def __init__(self, count: int | None = None, parallel: Parallel | None = None):
        """The first ``count`` devices, or all.

        Raises:
          InputError: several processes train together.
        """
        if jax.process_count() > 1:
            raise InputError(
                f"parallel.compile: pmap is for one process, and {jax.process_count()} train"
                " together; use jit"
            )
        super().__init__(count, parallel)

    def place(self, batch: Batch, lead: int) -> Batch:
        """Places the batch on the devices, with an axis of devices before the example axis."""
        return super().place(jax.tree.map(lambda leaf: self._by_device(leaf, lead), batch), lead)

    def _by_device(self, leaf: Any, lead: int) -> np.ndarray:
        leaf = np.asarray(leaf)
        return leaf.reshape(*leaf.shape[:lead], self.mesh.size, -1, *leaf.shape[lead + 1 :])

    def compile(
        self, step: Update, like: TrainState, lead: int, resident: bool = False
    ) -> Callable[..., Any]:
        """As :meth:`Devices.compile`."""
        del like
        axes = (None, (None, lead) if resident else lead, None)
        devices = list(self.mesh.devices.flat)
        return self.one_at_a_time(
            jax.pmap(step, AXIS, in_axes=axes, out_axes=None, devices=devices, donate_argnums=0)
        )
