"""The compiled step, over all devices of all processes: a ``("data",)`` mesh, the batch split.

Statistics over a batch (BatchNorm, minibatch deviation) and losses see the whole batch. With jit
the program is that of one device, and the compiler splits it; the state is on each device, or split
over them (FSDP). With pmap it is each device's own share, and :mod:`jaxgan.core.sharding` makes the means.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxgan.core import Algorithm, TrainState, Update, advance
from jaxgan.core.sharding import AXIS
from jaxgan.errors import InputError
from jaxgan.system.compiler import compiler_options
from jaxgan.system.processes import Processes
from jaxgan.typing import Batch, PRNGKey

BUFFERED = 2
"""Batches on the device ahead of the step."""


@dataclass(frozen=True, kw_only=True)
class Parallel(Processes):
    """Devices and processes. Batch statistics and losses are the whole batch's in every form."""

    compile: Literal["jit", "pmap"] = "jit"
    """One program that the compiler splits, or each device's own; equal but for rounding."""
    state: Literal["replicated", "sharded"] = "replicated"
    """The state on each device, or split over them (FSDP): 1/N of its bytes on each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.compile == "pmap" and (self.state == "sharded" or (self.processes or 1) > 1):
            raise InputError(
                "parallel.compile: pmap keeps a whole state on each device of one process; use jit"
            )


class Devices:
    """Where a run's arrays live."""

    def __init__(
        self, count: int | None = None, parallel: Parallel | None = None, local: bool = False
    ):
        """A mesh over the first ``count`` devices; all by default, or all of this process."""
        devices = (jax.local_devices() if local else jax.devices())[:count]
        self.parallel = parallel or Parallel()
        self.mesh = Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))
        self.replicated = NamedSharding(self.mesh, PartitionSpec())

    def check(self, batch_size: int) -> None:
        """Raises InputError for a batch that the devices cannot share."""
        n = self.mesh.size
        if batch_size % n:
            raise InputError(
                f"data.batch_size: {batch_size} is not divisible by the {n} devices;"
                f" use {batch_size - batch_size % n or n} or {batch_size + n - batch_size % n}"
            )

    # Where things lie.

    def split(self, lead: int) -> NamedSharding:
        """How a batch lies: its example axis, after ``lead`` others, over the devices."""
        return NamedSharding(self.mesh, PartitionSpec(*(None,) * lead, AXIS))

    def of_state(self, like: TrainState) -> Any:
        """The sharding of each leaf of a state with the shapes of ``like``.

        Sharded, an array lies along its longest axis that the devices divide, where there is one.
        """
        return jax.tree.map(self._of_leaf, like)

    def _of_leaf(self, leaf: Any) -> NamedSharding:
        sizes = [size if size % self.mesh.size == 0 else 0 for size in leaf.shape]
        if self.parallel.state == "replicated" or not any(sizes):
            return self.replicated
        return NamedSharding(self.mesh, PartitionSpec(*(None,) * int(np.argmax(sizes)), AXIS))

    def put(self, batches: Iterator[Batch], lead: int) -> Iterator[Batch]:
        """The batches on the devices, :data:`BUFFERED` ahead.

        Args:
          batches: this process's part of each.
          lead: axes before the example axis.
        """
        ready = []
        for batch in batches:
            ready.append(self.place(batch, lead))
            if len(ready) > BUFFERED:
                yield ready.pop(0)
        yield from ready

    def place(self, batch: Batch, lead: int) -> Batch:
        """The batch, of which this process has its part, on the devices."""
        sharding = self.split(lead)
        if self.parallel.compile == "pmap":
            batch = jax.tree.map(lambda leaf: self._by_device(np.asarray(leaf), lead), batch)
        if jax.process_count() == 1:
            return jax.device_put(batch, sharding)
        return jax.make_array_from_process_local_data(sharding, batch)

    def everywhere(self, tree: Any) -> Any:
        """The whole arrays on each of these devices, from wherever in all processes they are."""

        def whole(x: Any) -> Any:
            if isinstance(x, jax.Array) and not x.is_fully_addressable:
                return multihost_utils.process_allgather(x, tiled=True)
            return x

        return jax.device_put(jax.tree.map(whole, tree), self.replicated)

    def _by_device(self, leaf: np.ndarray, lead: int) -> np.ndarray:
        return leaf.reshape(*leaf.shape[:lead], self.mesh.size, -1, *leaf.shape[lead + 1 :])

    # What is compiled.

    def jit(self, function: Callable[..., Any], **kwargs: Any) -> Callable[..., Any]:
        """``jax.jit``, traced and run with the mesh in force."""
        jitted = jax.jit(function, compiler_options=compiler_options(), **kwargs)

        def call(*args: Any) -> Any:
            with jax.set_mesh(self.mesh):
                return jitted(*args)

        return call

    def compile(self, step: Update, like: TrainState, lead: int | None) -> Callable[..., Any]:
        """``(state, batch, root key) -> (state, metrics)``, compiled once; the state is donated.

        Args:
          step: as :func:`jaxgan.core.advance` makes it.
          like: the shapes of the state.
          lead: axes before the batch's example axis; None for a batch that isn't split.
        """
        if self.parallel.compile == "pmap":
            devices = list(self.mesh.devices.flat)
            axes = (None, lead, None)
            return jax.pmap(step, AXIS, in_axes=axes, out_axes=None, devices=devices)
        return self.jit(step, **self._placement(like, lead))

    def step(self, algorithm: Algorithm, like: TrainState) -> Callable[..., Any]:
        """:meth:`compile` of one step of the algorithm."""
        return self.compile(advance(algorithm), like, leading(algorithm))

    def lower(self, step: Update, lead: int | None, state: Any, *shapes: Any) -> Any:
        """What :meth:`compile` compiles, for arguments of those shapes, for its analysis."""
        with jax.set_mesh(self.mesh):
            jitted = jax.jit(
                step, compiler_options=compiler_options(), **self._placement(state, lead)
            )
            return jitted.lower(state, *shapes)

    def _placement(self, like: TrainState, lead: int | None) -> dict[str, Any]:
        state = self.of_state(like)
        batch = self.replicated if lead is None else self.split(lead)
        return {
            "in_shardings": (state, batch, self.replicated),
            "out_shardings": (state, self.replicated),
            "donate_argnums": 0,
        }

    def init(self, algorithm: Algorithm, key: PRNGKey, batch: Batch) -> TrainState:
        """The state at step 0. Compiled, so that it owns its buffers and may be donated."""
        like = jax.eval_shape(algorithm.init, key, batch)
        return self.jit(algorithm.init, out_shardings=self.of_state(like))(key, batch)


def leading(algorithm: Algorithm, steps_per_call: int = 1) -> int:
    """Axes of a batch before its example axis: steps of a call, batches of a step."""
    return (steps_per_call > 1) + (algorithm.batches_per_step > 1)
