"""Devices of runs that are trained together: each has some of the members, whole."""

from typing import Any

from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxgan.core import TrainState
from jaxgan.errors import InputError
from jaxgan.system.devices import Devices

MEMBERS = "member"
"""The mesh axis that members are split over. No batch is: what a step makes stays whole."""


class Members(Devices):
    """A mesh that splits the leading axis of the members, and not the batch."""

    def __init__(self, devices: Devices, size: int, one_order: bool = False):
        """The devices of a run for its ``size`` members.

        Args:
          devices: those that a single run would have.
          size: number of members.
          one_order: all members have the same batches, which are whole on each device.
        """
        self.parallel, self._size, self._one_order = devices.parallel, size, one_order
        self.mesh = Mesh(devices.mesh.devices, (MEMBERS,), axis_types=(AxisType.Auto,))
        self.replicated = NamedSharding(self.mesh, PartitionSpec())

    def check(self, batch_size: int) -> None:
        """Raises InputError for a number of members that the devices don't divide."""
        del batch_size
        n, size = self.mesh.size, self._size
        if size % n:
            below, above = size - size % n, size + n - size % n
            raise InputError(
                f"population: {size} members do not divide among the {n} devices; use"
                f" {f'{below} or ' if below else ''}{above}"
            )

    def split(self, lead: int) -> NamedSharding:
        """How a batch lies: the members, its first axis, over the devices."""
        del lead
        return self.replicated if self._one_order else self._by_member

    @property
    def _by_member(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(MEMBERS))

    def of_state(self, like: TrainState) -> Any:
        """As :meth:`Devices.of_state`; the step is one for all members."""
        return super().of_state(like).replace(step=self.replicated)

    def _of_leaf(self, leaf: Any) -> NamedSharding:
        del leaf
        return self._by_member
