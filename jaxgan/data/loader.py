"""Loads single examples and prepares them for a batch; skips a few unreadable ones."""

import logging
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, SupportsIndex

import numpy as np

from jaxgan.core import Feature
from jaxgan.data.config import Data
from jaxgan.data.examples import Example, Part, UnreadableImageError
from jaxgan.data.images.augment import Plan, augmented
from jaxgan.data.images.resize import CENTRE, check_window, crop, fit, fit_mask, to_channels
from jaxgan.data.scaling import Scaling
from jaxgan.errors import InputError


class Loader:
    """Decodes, resizes, crops and augments the examples of a part of a source.

    An unreadable image is replaced by the next readable one of the part, so that the order remains
    a function of the seed and the step.
    """

    def __init__(
        self,
        part: Part,
        features: Mapping[str, Feature],
        scaling: Mapping[str, Scaling],
        data: Data,
    ) -> None:
        self.features = {name: features[name] for name in part.source.features}
        self._part = part
        self._scaling = scaling
        self._data = data
        self._unreadable: dict[int, str] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(os.cpu_count())

    def example(self, place: int, plan: Plan | None = None) -> Example:
        """The example at an index of the part; without a plan it is not augmented.

        Raises:
          InputError: too many images cannot be read.
        """
        raw = self._readable(place)
        return {name: self._treated(name, raw[name], plan or {}) for name in self.features}

    def examples(self, places: Iterable[SupportsIndex]) -> Example:
        """A batch of the examples at the given indices, not augmented."""
        return self._stacked([(int(place), {}) for place in places])

    def batch(self, plan: Plan) -> Example:
        """The batch of a plan, with the plan's leading axes."""
        lead, rank = plan["index"].shape, plan["index"].ndim
        flat = {key: leaf.reshape(-1, *leaf.shape[rank:]) for key, leaf in plan.items()}
        count = len(flat["index"])
        rows = [{key: leaf[k] for key, leaf in flat.items()} for k in range(count)]
        out = self._stacked([(int(row["index"]), row) for row in rows])
        return {name: x.reshape(*lead, *x.shape[1:]) for name, x in out.items()}

    def _stacked(self, wanted: list[tuple[int, Plan]]) -> Example:
        rows = list(self._threads.map(self.example, *zip(*wanted, strict=True)))
        return {name: np.stack([row[name] for row in rows]) for name in self.features}

    def _treated(self, name: str, array: Any, plan: Plan) -> Any:
        feature = self.features[name]
        if feature.kind == "array":
            return self._scaling[name].apply(array)
        if feature.kind == "label":
            return array
        size = feature.shape[0]
        side = size + self._data.crop
        if feature.kind == "image":
            array = to_channels(array, feature.shape[-1])
        if self._data.resize:
            array = (fit if feature.kind == "image" else fit_mask)(array, side)
        else:
            check_window(array, size)
        array = crop(array, size, int(plan.get("y", CENTRE)), int(plan.get("x", CENTRE)))
        return augmented(array, plan, feature, self._data.jitter)

    def _readable(self, place: int) -> Example:
        for k in range(self._part.size):
            i = int(self._part.indices[(place + k) % self._part.size])
            if i not in self._unreadable:
                try:
                    return self._part.source.example(i)
                except UnreadableImageError as error:
                    self._count(i, str(error))
            self._check_count(i)  # another thread may have counted the image
        raise InputError(f"data.source: no image of {self._part.source.name} can be read")

    def _count(self, i: int, reason: str) -> None:
        with self._lock:
            if i in self._unreadable:
                return
            self._unreadable[i] = reason
        if len(self._unreadable) <= self._data.max_unreadable:
            logging.getLogger(__name__).warning("skipped an unreadable image: %s", reason)

    def _check_count(self, i: int) -> None:
        count = len(self._unreadable)
        if count > self._data.max_unreadable:
            raise InputError(
                f"data.source: {count} images cannot be read, now {self._unreadable[i]}: repair"
                f" them, or allow more by --data.max_unreadable {count}"
            )
