"""The data of a run: streams of examples, the features of a batch, and the held-out part."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from jaxgan.core import Feature
from jaxgan.data import labelled, normals
from jaxgan.data.config import Data
from jaxgan.data.examples import Example, Part, Source
from jaxgan.data.images.colour import MOST_PIXELS
from jaxgan.data.loader import Loader
from jaxgan.data.permutation import bits, permuted
from jaxgan.data.scaling import Scaling, scaling_of
from jaxgan.data.sources.opening import open_streams
from jaxgan.data.split import parts
from jaxgan.errors import InputError


class Stream(NamedTuple):
    """A stream of examples with its own order."""

    source: Source
    train: Int64[np.ndarray, "n"]
    """Indices of the training examples in the source."""
    held_out: Part | None
    """Examples that are not trained on; None if there are none."""

    @property
    def training(self) -> Part:
        """The training part."""
        return Part(self.source, self.train)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The data of a run."""

    data: Data
    streams: Mapping[str, Stream]
    """Streams by name: a single one named ``""``; ``a`` and ``b`` for two unpaired domains; or
    ``""`` for images without labels and ``labelled`` for the few examples that keep theirs."""
    features: Mapping[str, Feature]
    """Features of a batch by name."""
    scaling: Mapping[str, Scaling]
    """Scaling of each array, by statistics of the training part only."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class of the label or mask."""
        return next((s.source.class_names for s in self.streams.values()), ())

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names of a table or a series."""
        return next((s.source.columns for s in self.streams.values()), ())

    def has_images(self, stream: str) -> bool:
        """Whether a stream has images or masks."""
        kinds = {f.kind for f in self.features.values() if f.stream == stream}
        return not kinds.isdisjoint({"image", "mask"})

    def loader(self, stream: str, held_out: bool = False) -> Loader:
        """The loader of a stream's training or held-out examples."""
        own = self.streams[stream]
        part = own.held_out if held_out else own.training
        assert part is not None
        return Loader(part, self.features, self.scaling, self.data)

    def check_batch_size(self) -> None:
        """Raises InputError if a batch is larger than the training part of a stream."""
        whole = {name: own for name, own in self.streams.items() if name != labelled.STREAM}
        name, stream = min(whole.items(), key=lambda item: len(item[1].train))
        size = len(stream.train)
        if self.data.batch_size > size:
            what = f"domain {name}" if name else "the data set"
            if size < len(stream.source):
                what = f"the training part of {what}"
            examples = "images" if self.has_images(name) else "examples"
            raise InputError(
                f"data.batch_size: {self.data.batch_size} is larger than {what} ({size} {examples}"
                f"): use --data.batch_size {size} or less"
            )

    def changed(self, **fields: Any) -> "Dataset":
        """The same sources with some fields of the data changed, such as a leg's batch size."""
        return _of_streams(replace(self.data, **fields), self.streams, self.scaling)

    def describe(self) -> list[str]:
        """Lines about the examples, printed when a run starts."""
        lines = []
        for name, stream in self.streams.items():
            if name == labelled.STREAM:
                lines.append(f"data: {len(stream.train):,} of these examples keep their labels")
                continue
            domain = f" (domain {name})" if name else ""
            line = f"data: {stream.source.name}{domain}, {len(stream.train):,} examples"
            if stream.held_out is not None:
                other = stream.held_out.source.name
                where = "" if other == stream.source.name else f" of {other}"
                line += f" to train on, {stream.held_out.size:,}{where} held out"
            lines += [line, *(f"data: {note}" for note in stream.source.notes)]
        return lines

    def gallery(self, n: int | None = None) -> Example:
        """``n`` evenly spaced examples of the held-out part if there is one, else of the training.

        They are not augmented. If the smallest stream has fewer examples, there are fewer. None: 8;
        1,000 points, which one picture shows; or 96 of normals and anomalies, for their histograms.
        """
        held_out = self._has_held_out()
        usual = 96 if "anomaly" in self.features else 8
        n = n or (1000 if "point" in self.features else usual)
        n = min(n, *(self._part(name, held_out).size for name in self.streams))
        return self._whole(held_out, lambda size: np.arange(n) * size // n)

    def reals(self, n: int = 100, stream: str = "") -> Example:
        """``n`` training examples of a stream, a fixed random choice, not augmented."""
        loader, size = self.loader(stream), len(self.streams[stream].train)
        places = np.arange(min(n, size), dtype=np.uint64)
        return loader.examples(permuted(places, bits(0), size).astype(np.int64))

    def held_out_batches(
        self, size: int, process: int = 0, processes: int = 1
    ) -> Iterator[Example]:
        """The held-out examples in batches, not augmented; the last batch may be smaller.

        With several streams, the shortest one sets the number of examples. With several processes,
        process i takes every ``processes``-th batch from batch i on.

        Raises:
          InputError: no examples are held out.
        """
        if not self._has_held_out():
            raise InputError(
                "data.held_out: 0 keeps no examples from training, and the source has no test"
                " part: use a share such as --data.held_out 0.1"
            )
        loaders = [self.loader(name, held_out=True) for name in self.streams]
        count = min(self._part(name, True).size for name in self.streams)
        starts = range(process * size, count, processes * size)
        return (
            {k: v for loader in loaders for k, v in loader.examples(places).items()}
            for places in (range(start, min(start + size, count)) for start in starts)
        )

    def _has_held_out(self) -> bool:
        return all(stream.held_out is not None for stream in self.streams.values())

    def _part(self, stream: str, held_out: bool) -> Part:
        own = self.streams[stream]
        return own.held_out if held_out and own.held_out is not None else own.training

    def _whole(self, held_out: bool, places: Any) -> Example:
        batch: Example = {}
        for name in self.streams:
            size = self._part(name, held_out).size
            batch |= self.loader(name, held_out).examples(places(size))
        return batch


def open_dataset(data: Data, scaling: Mapping[str, Scaling] | None = None) -> Dataset:
    """Opens the source of ``data`` and splits its examples into training and held-out parts.

    Args:
      data: the source, and how its examples become batches.
      scaling: the scaling of each array that a run was trained with; None: computed from the
        training part.

    Raises:
      InputError: the source cannot be opened, or a field does not apply to it.
    """
    return dataset_of(data, open_streams(data), scaling)


def dataset_of(
    data: Data, sources: Mapping[str, Source], scaling: Mapping[str, Scaling] | None = None
) -> Dataset:
    """:func:`open_dataset` for sources that are already open, such as arrays in a notebook."""
    streams = {name: _split(source, data) for name, source in sources.items()}
    if data.labels:
        streams = _with_few_labels(next(iter(streams.values())), data)
    return _of_streams(data, streams, scaling)


def _split(source: Source, data: Data) -> Stream:
    if data.normal:
        return Stream(*normals.marked(source, *parts(source, data), data.normal))
    return Stream(source, *parts(source, data))


def _of_streams(
    data: Data, streams: Mapping[str, Stream], scaling: Mapping[str, Scaling] | None
) -> Dataset:
    features = {
        feature_name: feature
        for name, stream in streams.items()
        for feature_name, feature in _features(stream.source, name, data).items()
    }
    _check_augmentation(data, features)
    arrays = {name: f.stream for name, f in features.items() if f.kind == "array"}
    if scaling is None:
        scaling = {name: scaling_of(streams[s].training, name) for name, s in arrays.items()}
    _check_scaling(data, features, scaling)
    return Dataset(data, streams, _with_channels(features, data), scaling)


def _with_few_labels(whole: Stream, data: Data) -> dict[str, Stream]:
    """Two streams: all images without labels, and the few examples that keep their labels."""
    source, train, held_out = whole
    labelled.check_source(source)
    assert source.labels is not None
    classes, count = source.features["label"].classes, data.labels
    few = labelled.balanced(source.labels[train], classes, count, data.labels_seed, source.name)

    def of(form: Callable[[Source], Source], train: Int64[np.ndarray, "n"]) -> Stream:
        held = None if held_out is None else Part(form(held_out.source), held_out.indices)
        return Stream(form(source), train, held)

    return {
        "": of(labelled.of_images, train),
        labelled.STREAM: of(labelled.of_labels, train[few]),
    }


def _features(source: Source, stream: str, data: Data) -> dict[str, Feature]:
    size = (data.image_size, data.image_size)
    shapes = {
        name: (*size, *feature.shape[2:]) if feature.kind in ("image", "mask") else feature.shape
        for name, feature in source.features.items()
    }
    return {
        name: feature._replace(shape=shapes[name], stream=stream)
        for name, feature in source.features.items()
    }


def _with_channels(features: dict[str, Feature], data: Data) -> dict[str, Feature]:
    """The features with the common number of channels of all images of a batch."""
    own = {name: f.shape[-1] for name, f in features.items() if f.kind == "image"}
    if not data.channels and len(set(own.values())) > 1:
        (a, one), (b, other) = list(own.items())[:2]
        raise InputError(
            f"data.channels: 0 is as the source has them, and domain {a} has {one} and domain {b}"
            f" {other}; use one number for both, such as --data.channels {max(one, other)}"
        )
    return {
        name: f._replace(shape=(*f.shape[:2], data.channels or own[name])) if name in own else f
        for name, f in features.items()
    }


def _check_augmentation(data: Data, features: dict[str, Feature]) -> None:
    if data.jitter and data.image_size**2 > MOST_PIXELS:
        raise InputError(
            f"data.jitter: {data.jitter}, and images above 4096 x 4096 pixels cannot be jittered:"
            " use 0"
        )
    if all(f.kind not in ("image", "mask") for f in features.values()):
        for field in ("flip", "crop", "jitter"):
            if getattr(data, field):
                raise InputError(
                    f"data.{field}: {getattr(data, field)} is for images, and {data.source} has"
                    f" none, only {', '.join(features)}: leave it out"
                )


def _check_scaling(
    data: Data, features: dict[str, Feature], scaling: Mapping[str, Scaling]
) -> None:
    wanted = {name: f.shape[-1:] for name, f in features.items() if f.kind == "array"}
    given = {name: own.mean.shape for name, own in scaling.items()}
    if wanted != given:
        raise InputError(
            f"data.source: {data.source} has arrays with columns {wanted}, and the run was trained"
            f" with {given}: use data with the same columns"
        )
