"""A protocol ready to use: its metrics, its network with weights, its passes over images."""

from pathlib import Path

from jaxgan.errors import InputError
from jaxgan.measure import names
from jaxgan.measure.collecting import Collector, Needs, Statistics, UnmeasurableError
from jaxgan.measure.features import open_features
from jaxgan.measure.features.known import MissingWeightsError
from jaxgan.measure.protocol import Protocol
from jaxgan.measure.references import read_moments, reference
from jaxgan.measure.sets import ImageSet


class Measure:
    """Measures sets of images by one protocol; all sets share what it compiles."""

    def __init__(self, protocol: Protocol, moments: bool = False):
        """Opens the network's weights.

        Args:
          protocol: metrics, and how images become features.
          moments: whether to collect the moments of the features even if no metric needs them.

        Raises:
          InputError: a metric is unknown, or the weights are another network's; UnmeasurableError
            if the weights are missing.
        """
        if protocol.batch_size is not None and protocol.batch_size < 1:
            raise InputError(f"batch_size: {protocol.batch_size} is below 1")
        self.metrics = names.parse(protocol.metrics)
        self._needs, fake = names.needs(self.metrics)
        both = names.union([self._needs, fake, Needs(moments=moments)])
        self.features = None
        if any(both._replace(pixels=False)):
            try:
                self.features = open_features(protocol.features, protocol.weights, protocol.resize)
            except MissingWeightsError as error:
                raise UnmeasurableError(str(error), *names.by_network(self.metrics)) from None
        self._cache = protocol.cache
        # One program for both sets: compiling two takes longer than computing unneeded statistics.
        self._collect = Collector(both, self.features, protocol.batch_size)

    def reference(self, images: ImageSet | Path, n: int) -> Statistics:
        """The reference statistics that the metrics need, from the cache if possible.

        Args:
          images: the reference set, or a pytorch-fid file with the moments of its features.
          n: number of images that are compared with it.

        Raises:
          InputError: there are too few images, or a metric needs more than moments. It is raised
            before any image is read.
        """
        if isinstance(images, Path):
            self._check_moments_suffice()
            names.check(self.metrics, None, n)
            return read_moments(images)
        names.check(self.metrics, images.size, n)
        if not self.compares:
            return Statistics(size=images.size)
        return reference(images, self._needs, self.features, self._collect, self._cache)

    def images(self, images: ImageSet, leave: bool = True) -> Statistics:
        """The statistics of the measured images that the metrics need."""
        return self._collect(images, leave)

    @property
    def compares(self) -> bool:
        """Whether a metric needs a reference."""
        return any(self._needs)

    def _check_moments_suffice(self) -> None:
        more = [n for n in self.metrics if any(names.METRICS[n].real[1:])]
        if more:
            raise UnmeasurableError(
                f"metrics: {more[0]} needs the reference's images, and its file has the moments of"
                " their features, which only fid compares",
                *more,
            )

    def __call__(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        """The metrics under their full names."""
        return names.values(self.metrics, real, fake, self.features.name if self.features else "")
