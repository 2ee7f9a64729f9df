"""The devices of a population: each device trains some of the members."""

from typing import Any

from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxgan.core import TrainState
from jaxgan.errors import InputError
from jaxgan.system.devices import Devices

MEMBERS = "member"
"""Name of the mesh axis over which members are split; a member's batch is never split."""


class Members(Devices):
    """A mesh over which the leading axis of members is split, and not the batch."""

    def __init__(self, devices: Devices, size: int, one_order: bool = False):
        """The devices of a run for its ``size`` members.

        Args:
          devices: the devices that a single run would use.
          size: number of members.
          one_order: all members have the same batches, and each device holds them whole.
        """
        self.parallel, self._size, self._one_order = devices.parallel, size, one_order
        self.mesh = Mesh(devices.mesh.devices, (MEMBERS,), axis_types=(AxisType.Auto,))
        self.replicated = NamedSharding(self.mesh, PartitionSpec())

    def check(self, batch_size: int) -> None:
        """Raises InputError if the number of devices does not divide the number of members."""
        del batch_size
        n, size = self.mesh.size, self._size
        if size % n:
            below, above = size - size % n, size + n - size % n
            raise InputError(
                f"population: {size} members do not divide among the {n} devices; use"
                f" {f'{below} or ' if below else ''}{above}"
            )

    def split(self, lead: int) -> NamedSharding:
        """The sharding of a batch: its first axis, the members, is split over the devices."""
        del lead
        return self.replicated if self._one_order else self._by_member

    @property
    def _by_member(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(MEMBERS))

    def of_state(self, like: TrainState) -> Any:
        """As :meth:`Devices.of_state`; all members share one step counter."""
        return super().of_state(like).replace(step=self.replicated)

    def _of_leaf(self, leaf: Any) -> NamedSharding:
        del leaf
        return self._by_member
