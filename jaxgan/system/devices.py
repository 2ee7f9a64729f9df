"""The compiled step on all devices of all processes: the batch is split over a ``("data",)`` mesh.

Batch statistics (BatchNorm, minibatch standard deviation) and losses see the global batch. The
program is written for one device, and the compiler partitions it. The state is replicated on all
devices, or sharded over them (FSDP).
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
"""Number of batches prefetched to the device."""


@dataclass(frozen=True, kw_only=True)
class Parallel(Processes):
    """Devices and processes. Batch statistics and losses always use the global batch."""

    compile: Literal["jit", "pmap"] = "jit"
    """Form of the program. jit: one program that the compiler partitions. pmap: one program per
    device. The results are equal up to rounding."""
    state: Literal["replicated", "sharded"] = "replicated"
    """Placement of the state: replicated on every device, or sharded (FSDP), with 1/N of its bytes
    on each of N devices."""
    deterministic: bool = False
    """Bitwise reproducible results on a GPU; on a CPU they always are. On a GPU XLA then excludes
    kernels that sum in an undefined order (scatters, some gradients of a convolution), and chooses
    none by timing. Convolutions are slower, and the gradient of a max pool is refused."""

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
    """The devices of a run: the placement of its arrays, and compilation for them."""

    def __init__(
        self, count: int | None = None, parallel: Parallel | None = None, local: bool = False
    ):
        """A mesh over the first ``count`` devices (by default all); ``local``: of this process."""
        devices = (jax.local_devices() if local else jax.devices())[:count]
        self.parallel = parallel or Parallel()
        self.mesh = Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))
        self.replicated = NamedSharding(self.mesh, PartitionSpec())

    def check(self, batch_size: int) -> None:
        """Raises InputError if the number of devices does not divide the batch size."""
        n = self.mesh.size
        if batch_size % n:
            raise InputError(
                f"data.batch_size: {batch_size} is not divisible by the {n} devices;"
                f" use {batch_size - batch_size % n or n} or {batch_size + n - batch_size % n}"
            )

    @property
    def backend(self) -> str:
        """Name of the platform: cpu, gpu or tpu."""
        return self.mesh.devices.flat[0].platform

    @property
    def kind(self) -> str:
        """Number and kind of the devices, for messages."""
        name = self.mesh.devices.flat[0].device_kind
        return name if self.mesh.size == 1 else f"{self.mesh.size} x {name}"

    # Placement of arrays.

    def split(self, lead: int) -> NamedSharding:
        """The sharding of a batch: its example axis, after ``lead`` other axes, is split."""
        return NamedSharding(self.mesh, PartitionSpec(*(None,) * lead, AXIS))

    def of_state(self, like: TrainState) -> Any:
        """The sharding of each leaf of a state with the shapes of ``like``.

        If the state is sharded, an array is split along its longest axis that is divisible by the
        number of devices, if there is one. Frozen weights are replicated.
        """
        state = jax.tree.map(self._of_leaf, like)
        return state.replace(frozen=jax.tree.map(lambda _: self.replicated, like.frozen))

    def _of_leaf(self, leaf: Any) -> NamedSharding:
        sizes = [size if size % self.mesh.size == 0 else 0 for size in leaf.shape]
        if self.parallel.state == "replicated" or not any(sizes):
            return self.replicated
        return NamedSharding(self.mesh, PartitionSpec(*(None,) * int(np.argmax(sizes)), AXIS))

    def put(self, batches: Iterator[Batch], lead: int) -> Iterator[Batch]:
        """Places batches on the devices, :data:`BUFFERED` batches ahead.

        Args:
          batches: this process's part of each batch.
          lead: number of axes before the example axis.
        """
        ready = []
        for batch in batches:
            ready.append(self.place(batch, lead))
            if len(ready) > BUFFERED:
                yield ready.pop(0)
        yield from ready

    def place(self, batch: Batch, lead: int) -> Batch:
        """Places a batch on the devices; ``batch`` is this process's part of it."""
        sharding = self.split(lead)
        if jax.process_count() == 1:
            return jax.device_put(batch, sharding)
        return jax.make_array_from_process_local_data(sharding, batch)

    def everywhere(self, tree: Any) -> Any:
        """The whole arrays on each of these devices, gathered from all processes if needed."""

        def whole(x: Any) -> Any:
            if isinstance(x, jax.Array) and not x.is_fully_addressable:
                return multihost_utils.process_allgather(x, tiled=True)
            return x

        return jax.device_put(jax.tree.map(whole, tree), self.replicated)

    # Compilation.

    @property
    def _options(self) -> Options:
        return compiler_options(self.parallel.deterministic)

    def jit(self, function: Callable[..., Any], **kwargs: Any) -> Callable[..., Any]:
        """``jax.jit``, traced and run under this mesh."""
        jitted = jax.jit(function, compiler_options=self._options, **kwargs)

        def call(*args: Any) -> Any:
            with jax.set_mesh(self.mesh):
                return jitted(*args)

        return self.one_at_a_time(call)

    def whole(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``jax.jit`` with replicated outputs, so that any process can read them."""
        return self.one_at_a_time(
            jax.jit(function, out_shardings=self.replicated, compiler_options=self._options)
        )

    def one_at_a_time(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """``call``, on several CPU devices followed by a wait for its outputs.

        XLA runs all CPU devices of a process on one pool with a thread per device, and a device
        that waits in a collective keeps its thread. Two programs in flight can each hold some of
        the threads and wait for the others forever.
        """
        if self.backend != "cpu" or self.mesh.size == 1:
            return call
        return lambda *args: jax.block_until_ready(call(*args))

    def compile(
        self, step: Update, like: TrainState, lead: int, resident: bool = False
    ) -> Callable[..., Any]:
        """``(state, batch, root key) -> (state, metrics)``, compiled once; the state is donated.

        Args:
          step: a step as :func:`jaxgan.core.advance` returns it.
          like: the shapes of the state.
          lead: number of axes before the batch's example axis.
          resident: ``step`` takes ``(data, plan)`` instead of a batch. The data are replicated, and
            the plan is split like a batch.
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
        """The state at step 0; ``init`` is compiled, so the state owns its buffers for donation."""
        like = jax.eval_shape(algorithm.init, key, batch)
        return self.jit(algorithm.init, out_shardings=self.of_state(like))(key, batch)


def open_devices(parallel: Parallel, count: int | None = None) -> Devices:
    """The devices of a run, for the form of compilation in its config."""
    if parallel.compile == "pmap":
        from jaxgan.system.pmap import Pmap

        return Pmap(count, parallel)
    return Devices(count, parallel)


def leading(algorithm: Algorithm, steps_per_call: int = 1) -> int:
    """Number of axes before a batch's example axis: steps of a call, batches of a step."""
    return (steps_per_call > 1) + (algorithm.batches_per_step > 1)
