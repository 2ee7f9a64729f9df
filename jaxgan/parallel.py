"""The compiled step, over all devices: a ``("data",)`` mesh, the state replicated, the batch split.

Statistics over a batch (BatchNorm, minibatch deviation) and losses see the global batch: the
program is that of one device, and the compiler splits it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxgan.core import Algorithm, TrainState, advance
from jaxgan.core.spread import AXIS
from jaxgan.errors import InputError
from jaxgan.typing import Batch, PRNGKey

BUFFERED = 2
"""Batches on the device ahead of the step."""


class Devices:
    """Where a run's arrays live."""

    def __init__(self, count: int | None = None):
        """A mesh over the first ``count`` devices; all of them by default."""
        devices = jax.devices()[:count]
        self.mesh: Mesh = jax.make_mesh(
            (len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices
        )
        self.replicated = NamedSharding(self.mesh, PartitionSpec())

    def check(self, batch_size: int) -> None:
        """Raises InputError for a batch that the devices cannot share."""
        n = self.mesh.size
        if batch_size % n:
            raise InputError(
                f"data.batch_size: {batch_size} is not divisible by the {n} devices;"
                f" use {batch_size - batch_size % n or n} or {batch_size + n - batch_size % n}"
            )

    def split(self, algorithm: Algorithm) -> NamedSharding:
        """How a batch lies: its example axis over the devices."""
        stacked = algorithm.batches_per_step > 1
        return NamedSharding(self.mesh, PartitionSpec(*((None, AXIS) if stacked else (AXIS,))))

    def jit(self, function: Callable[..., Any], **kwargs: Any) -> Callable[..., Any]:
        """``jax.jit``, traced and run with the mesh in force."""
        jitted = jax.jit(function, **kwargs)

        def call(*args: Any) -> Any:
            with jax.set_mesh(self.mesh):
                return jitted(*args)

        return call

    def step(self, algorithm: Algorithm) -> Callable[..., Any]:
        """``(state, batch, root key) -> (state, metrics)``, compiled once; the state is donated."""
        return self.jit(advance(algorithm), **self.placement(algorithm))

    def lower_step(self, algorithm: Algorithm, *shapes: Any) -> Any:
        """The step lowered for arguments of those shapes, for its analysis."""
        with jax.set_mesh(self.mesh):
            return jax.jit(advance(algorithm), **self.placement(algorithm)).lower(*shapes)

    def placement(self, algorithm: Algorithm) -> dict[str, Any]:
        """``jax.jit``'s arguments for a step: what is split, replicated and donated."""
        return {
            "in_shardings": (self.replicated, self.split(algorithm), self.replicated),
            "out_shardings": (self.replicated, self.replicated),
            "donate_argnums": 0,
        }

    def init(self, algorithm: Algorithm, key: PRNGKey, batch: Batch) -> TrainState:
        """The state at step 0. Compiled, so that it owns its buffers and may be donated."""
        init = self.jit(algorithm.init, out_shardings=self.replicated)
        return init(key, jax.device_put(batch, self.split(algorithm)))

    def put(self, algorithm: Algorithm, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The batches on the devices, :data:`BUFFERED` ahead."""
        sharding, ready = self.split(algorithm), []
        for batch in batches:
            ready.append(jax.device_put(batch, sharding))
            if len(ready) > BUFFERED:
                yield ready.pop(0)
        yield from ready
