"""The compiled step over all devices of all processes: a ``("data",)`` mesh with the batch split.

Statistics over a batch (BatchNorm, minibatch deviation) and losses see the whole batch. The program
is written for one device and the compiler splits it; the state is on each device, or split over
them (FSDP).
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
from jaxgan.system.compiler import Options, compiler_options
from jaxgan.system.processes import Processes
from jaxgan.typing import Batch, Keys

BUFFERED = 2
"""Batches on the device ahead of the step."""


@dataclass(frozen=True, kw_only=True)
class Parallel(Processes):
    """Devices and processes. Batch statistics and losses are the whole batch's in every form."""

    compile: Literal["jit", "pmap"] = "jit"
    """One program that the compiler splits, or each device's own; equal but for rounding."""
    state: Literal["replicated", "sharded"] = "replicated"
    """The state on each device, or split over them (FSDP): 1/N of its bytes on each."""
    deterministic: bool = False
    """The same bits from each start, on a GPU too; a CPU's are so in any case. On a GPU XLA leaves
    out kernels that add in any order (scatters, some gradients of a convolution) and times none to
    choose the fastest: convolutions are slower, and the gradient of a max pool is refused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.compile == "pmap" and (self.state == "sharded" or (self.processes or 1) > 1):
            raise InputError(
                "parallel.compile: pmap keeps a whole state on each device of one process; use jit"
            )
        if self.compile == "pmap" and self.deterministic:
            raise InputError(
                "parallel.deterministic: pmap takes no options of the compiler; use jit for"
                " parallel.compile"
            )


class Devices:
    """The devices of a run: where its arrays lie, and what is compiled for them."""

    def __init__(
        self, count: int | None = None, parallel: Parallel | None = None, local: bool = False
    ):
        """A mesh over the first ``count`` devices; all by default, or all of this process."""
        devices = (jax.local_devices() if local else jax.devices())[:count]
        self.parallel = parallel or Parallel()
        self.mesh = Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))
        self.replicated = NamedSharding(self.mesh, PartitionSpec())

    def check(self, batch_size: int) -> None:
        """Raises InputError for a batch size that the number of devices doesn't divide."""
        n = self.mesh.size
        if batch_size % n:
            raise InputError(
                f"data.batch_size: {batch_size} is not divisible by the {n} devices;"
                f" use {batch_size - batch_size % n or n} or {batch_size + n - batch_size % n}"
            )

    @property
    def backend(self) -> str:
        """Name of their platform: cpu, gpu or tpu."""
        return self.mesh.devices.flat[0].platform

    @property
    def kind(self) -> str:
        """Number and kind of the devices, for messages."""
        name = self.mesh.devices.flat[0].device_kind
        return name if self.mesh.size == 1 else f"{self.mesh.size} x {name}"

    # Where things lie.

    def split(self, lead: int) -> NamedSharding:
        """How a batch lies: its example axis, after ``lead`` others, over the devices."""
        return NamedSharding(self.mesh, PartitionSpec(*(None,) * lead, AXIS))

    def of_state(self, like: TrainState) -> Any:
        """The sharding of each leaf of a state with the shapes of ``like``.

        A sharded state's array is split along its longest axis that the devices divide, if any.
        Frozen weights are whole on each device.
        """
        state = jax.tree.map(self._of_leaf, like)
        return state.replace(frozen=jax.tree.map(lambda _: self.replicated, like.frozen))

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

    # What is compiled.

    @property
    def _options(self) -> Options:
        return compiler_options(self.parallel.deterministic)

    def jit(self, function: Callable[..., Any], **kwargs: Any) -> Callable[..., Any]:
        """``jax.jit``, traced and run with the mesh in force."""
        jitted = jax.jit(function, compiler_options=self._options, **kwargs)

        def call(*args: Any) -> Any:
            with jax.set_mesh(self.mesh):
                return jitted(*args)

        return call

    def whole(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``jax.jit`` of a function that every device computes whole: one process can read it."""
        return jax.jit(function, out_shardings=self.replicated, compiler_options=self._options)

    def compile(
        self, step: Update, like: TrainState, lead: int, resident: bool = False
    ) -> Callable[..., Any]:
        """``(state, batch, root key) -> (state, metrics)``, compiled once; the state is donated.

        Args:
          step: as :func:`jaxgan.core.advance` makes it.
          like: the shapes of the state.
          lead: axes before the batch's example axis.
          resident: in the batch's place, ``step`` takes ``(data, plan)``: the data are whole on
            each device, and the plan is split as a batch is.
        """
        return self.jit(step, **self._placement(like, lead, resident))

    def step(self, algorithm: Algorithm, like: TrainState) -> Callable[..., Any]:
        """:meth:`compile` of one step of the algorithm."""
        return self.compile(advance(algorithm), like, leading(algorithm))

    def lower(self, step: Update, lead: int, state: Any, *shapes: Any) -> Any:
        """The lowered program of a step, for its analysis."""
        with jax.set_mesh(self.mesh):
            jitted = jax.jit(step, compiler_options=self._options, **self._placement(state, lead))
            return jitted.lower(state, *shapes)

    def _placement(self, like: TrainState, lead: int, resident: bool = False) -> dict[str, Any]:
        state, batch = self.of_state(like), self.split(lead)
        feed = (self.replicated, batch) if resident else batch
        return {
            "in_shardings": (state, feed, self.replicated),
            "out_shardings": (state, self.replicated),
            "donate_argnums": 0,
        }

    def init(self, algorithm: Algorithm, key: Keys, batch: Batch) -> TrainState:
        """The state at step 0. Compiled, so that it owns its buffers and may be donated."""
        like = jax.eval_shape(algorithm.init, key, batch)
        return self.jit(algorithm.init, out_shardings=self.of_state(like))(key, batch)


def open_devices(parallel: Parallel, count: int | None = None) -> Devices:
    """The devices of a run, in the form of compilation that its config names."""
    if parallel.compile == "pmap":
        from jaxgan.system.pmap import Pmap

        return Pmap(count, parallel)
    return Devices(count, parallel)


def leading(algorithm: Algorithm, steps_per_call: int = 1) -> int:
    """Axes of a batch before its example axis: steps of a call, batches of a step."""
    return (steps_per_call > 1) + (algorithm.batches_per_step > 1)
