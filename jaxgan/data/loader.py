"""One example at a time, ready for a batch; a few unreadable ones are stepped over."""

import threading
import warnings

import numpy as np

from jaxgan.data.config import Data
from jaxgan.data.examples import Pixels, Source, UnreadableImageError
from jaxgan.data.images.resize import crop, fit, to_channels
from jaxgan.data.sources.opening import image_shape
from jaxgan.errors import InputError


class Loader:
    """Decodes, resizes and crops examples of a source.

    An unreadable image is replaced by the next readable one, so that the order stays a function
    of the seed and the step. ``error`` keeps the first exception, for whoever reads the batches:
    raised under TensorFlow it would lose its type and print a stack trace.
    """

    def __init__(self, source: Source, data: Data) -> None:
        size, _, self._channels = image_shape(source, data)
        self.shape = size, size, self._channels * len(source.images)
        self.labelled = source.num_classes > 0
        self.error: Exception | None = None
        self._source = source
        self._data = data
        self._unreadable: dict[int, str] = {}
        self._lock = threading.Lock()

    def load(
        self, index: np.int64, y: np.float32, x: np.float32
    ) -> tuple[Pixels, np.int32, np.bool_]:
        """Image and label ``index``, and whether they could not be had: see ``error``.

        The image is cropped at the fractions ``y`` and ``x`` of the room. The images of a pair have
        the same window, and lie one behind the other along the channels.
        """
        try:
            image, label = self._readable(int(index))
            image = np.concatenate(
                [
                    self._window(part, float(y), float(x))
                    for part in np.split(image, len(self._source.images), axis=1)
                ],
                axis=-1,
            )
        except Exception as error:
            self.error = self.error or error
            return np.zeros(self.shape, np.uint8), np.int32(0), np.True_
        return image, np.int32(label), np.False_

    def _window(self, image: Pixels, y: float, x: float) -> Pixels:
        image = fit(to_channels(image, self._channels), self.shape[0] + self._data.crop)
        return crop(image, self.shape[0], y, x)

    def _readable(self, index: int) -> tuple[Pixels, int]:
        for i in range(index, index + len(self._source)):
            i %= len(self._source)
            if i in self._unreadable:
                continue
            try:
                return self._source.example(i)
            except UnreadableImageError as error:
                self._count(i, str(error))
        raise InputError(f"data.source: no image of {self._source.name} can be read")

    def _count(self, i: int, reason: str) -> None:
        with self._lock:
            if i in self._unreadable:
                return
            self._unreadable[i] = reason
            count = len(self._unreadable)
        if count > self._data.max_unreadable:
            raise InputError(
                f"data.source: {count} images cannot be read, now {reason}: repair them, "
                f"or allow more by --data.max_unreadable {count}"
            )
        warnings.warn(f"skipped an unreadable image: {reason}", stacklevel=2)
