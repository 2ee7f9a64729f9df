"""A method's own ``measure`` on examples that it was not trained on."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Int

from jaxgan.core import Algorithm, Spec
from jaxgan.data.dataset import Dataset
from jaxgan.measure.collecting import by_process
from jaxgan.metrics.accumulator import numbers
from jaxgan.system.devices import Devices
from jaxgan.typing import Batch, PRNGKey, Variables


def held_out_size(dataset: Dataset) -> int:
    """The number of held-out examples in the smallest stream; 0: none are held out."""
    parts = [stream.held_out for stream in dataset.streams.values()]
    return min((0 if part is None else part.size for part in parts), default=0)


def can_measure(algorithm: Algorithm, dataset: Dataset) -> bool:
    """Whether the method has a ``measure`` and there are held-out examples."""
    return algorithm.measure is not None and held_out_size(dataset) > 0


class HeldOut:
    """Passes over the held-out examples; ``measure`` compiles once per batch shape.

    A shorter last batch is compiled separately, so there are no padding examples. Up to rounding,
    the result does not depend on devices or processes.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        dataset: Dataset,
        seed: int = 0,
        devices: Devices | None = None,
    ):
        """Prepares the devices.

        Args:
          algorithm: the algorithm, which must have a ``measure``.
          dataset: dataset whose held-out part is measured, in batches of the training's size.
          seed: seed of the keys, one per batch.
          devices: devices to use; all of this process by default.
        """
        self._algorithm, self._dataset, self._seed = algorithm, dataset, seed
        self._devices = devices or Devices(local=True)
        count = self._devices.mesh.size
        self._size = dataset.data.batch_size + -dataset.data.batch_size % count
        self._names: list[str] = []
        self._step = self._devices.jit(self._measured, out_shardings=self._devices.replicated)
        self._merge = self._devices.jit(_merged, donate_argnums=0)

    @property
    def size(self) -> int:
        """The number of held-out examples."""
        return held_out_size(self._dataset)

    def __call__(
        self, weights: Mapping[str, Variables], go_on: Callable[[], None] = lambda: None
    ) -> dict[str, float]:
        """The measured numbers by name, in the order of the method's ``measure``.

        Args:
          weights: variables by name; every process calls this with the same ones.
          go_on: called before each batch; an exception from it ends the pass.

        Raises:
          InputError: no examples are held out, or an accumulator refuses its data.
        """
        process, processes = jax.process_index(), jax.process_count()
        placed = self._devices.everywhere(dict(weights))
        root, total = jax.random.key(self._seed), None
        batches = self._dataset.held_out_batches(self._size, process, processes)
        for i, batch in enumerate(batches):
            go_on()
            key = jax.random.fold_in(root, i * processes + process)
            start = (i * processes + process) * self._size
            places = np.arange(start, start + len(jax.tree.leaves(batch)[0]), dtype=np.int32)
            found = self._step(placed, *self._placed((batch, places)), key)
            total = found if total is None else self._merge(total, found)
        return numbers(self._joined(total, placed))

    def _placed(self, batch: Any) -> Any:
        """A batch's arrays, split evenly over the devices, or else whole on each of them."""
        count = len(jax.tree.leaves(batch)[0])
        even = count % self._devices.mesh.size == 0
        return jax.device_put(batch, self._devices.split(0) if even else self._devices.replicated)

    def _measured(
        self, weights: dict[str, Variables], batch: Batch, places: Int[Array, "b"], key: PRNGKey
    ) -> Any:
        assert self._algorithm.measure is not None
        found = self._algorithm.measure(weights, batch, key)
        self._names = list(found)  # jit sorts a dict that it returns
        return {
            name: own.placed(places, self.size) if hasattr(own, "placed") else own
            for name, own in found.items()
        }

    def _joined(self, total: Any, weights: dict[str, Variables]) -> dict[str, Any]:
        """The merged accumulators of all processes, in their order, on the host."""
        if total is None:  # no batch for this process, but gathering needs the shapes
            batch = Spec(self._dataset.features, 0).batch(1)
            places = np.zeros(1, np.int32)
            shapes = jax.eval_shape(self._measured, weights, batch, places, jax.random.key(0))
            empty = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), shapes)
            gathered = by_process((np.array(False), empty))
        else:
            gathered = by_process((np.array(True), total))
        parts = [part for measured, part in gathered if measured]
        joined = jax.device_get(functools.reduce(self._merge, parts))
        return {name: joined[name] for name in self._names}


def _merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {name: own.merge(b[name]) for name, own in a.items()}
