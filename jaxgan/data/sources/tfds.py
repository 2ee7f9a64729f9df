"""Data sets of TensorFlow Datasets (TFDS), downloaded and prepared if needed."""

import importlib.util
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Source, as_domain, from_images
from jaxgan.data.hosttf import tf
from jaxgan.data.images.decode import decode
from jaxgan.errors import InputError, first_line

_IN_MEMORY = 2**28
"""Largest decoded size in bytes (256 MiB) of a data set that is decoded once, into memory."""

Record = tuple[bytes, int]
"""An encoded image, and its label."""


def open_tfds(name: str, split: str, folder: str | None = None) -> dict[str, Source]:
    """A split of a TFDS data set: its image feature, and its label if it has one.

    If there is no split ``train``, but ``trainA`` and ``trainB``, as in ``cycle_gan``, these are
    two unpaired domains. The same holds for any other split.

    ArrayRecord files allow random access. TFRecord files do not, so their images are loaded into
    memory, still encoded. A data set that isn't prepared is downloaded and prepared.

    Args:
      name: TFDS's name, such as ``mnist``, ``cats_vs_dogs:4.0.1`` or ``name/config``.
      split: any TFDS split, such as ``train`` or ``train[:90%]``.
      folder: folder of the prepared data sets; ``None``: TFDS's default.

    Raises:
      InputError: no such data set or split, no image in it, or it cannot be downloaded.
    """
    builder = _prepared(name, folder)
    stem, bracket, part = split.partition("[")
    a, b = f"{stem}A", f"{stem}B"
    if stem not in builder.info.splits and {a, b} <= set(builder.info.splits):
        return {
            domain: as_domain(_with_test(name, builder, half, bracket + part), domain)
            for domain, half in (("a", a), ("b", b))
        }
    return {"": _with_test(name, builder, stem, bracket + part)}


def _with_test(name: str, builder: Any, split: str, part: str) -> Source:
    """A split as a source; a whole training split gets the test split as its test part."""
    source, test = _open(name, builder, split + part), split.replace("train", "test")
    if part or not split.startswith("train") or test not in builder.info.splits:
        return source
    return replace(source, test=lambda: _open(name, builder, test))


def _open(name: str, builder: Any, split: str) -> Source:
    image, label = _features(name, builder.info.features)
    feature = builder.info.features[image]
    class_names = tuple(builder.info.features[label].names) if label else ()
    size, read = _records(name, builder, split, image, label)
    full = f"tfds:{name} {split}"

    def example(i: int) -> Example:
        encoded, index = read([i])[0]
        if index < 0:  # TFDS marks hidden labels of a split so.
            raise InputError(f"data.split: {full} has no labels: use another split")
        decoded = {"image": decode(encoded, f"image {i} of {full}")}
        return {**decoded, "label": np.array(index, np.int32)} if label else decoded

    def read_labels() -> np.ndarray:
        return np.array([index for _, index in read(range(size))], np.int32)

    if None not in feature.shape and size * int(np.prod(feature.shape)) <= _IN_MEMORY:
        records = read(range(size))
        images = [decode(encoded, f"image {i} of {full}") for i, (encoded, _) in enumerate(records)]
        labels = np.array([index for _, index in records]) if label else None
        return from_images(full, np.stack(images), labels, class_names)
    channels = feature.shape[-1] or example(0)["image"].shape[-1]
    features = {"image": Feature("image", (0, 0, channels))}
    if not label:
        return Source(full, size, features, example)
    features["label"] = Feature("label", (), len(class_names))
    return Source(full, size, features, example, class_names, read_labels=read_labels)


def _prepared(name: str, folder: str | None) -> Any:
    """The builder of a data set that is on disk; downloads it if needed."""
    try:
        builder = tfds.builder(name, data_dir=folder)
    except tfds.core.DatasetNotFoundError:
        raise InputError(f"data.source: TFDS has no data set {name!r}") from None
    except (ValueError, KeyError, AssertionError) as error:
        raise InputError(f"data.source: tfds:{name}: {first_line(error)}") from None
    if builder.is_prepared():
        return builder
    logging.getLogger(__name__).info("downloading and preparing tfds:%s", name)
    random_access = importlib.util.find_spec("array_record") is not None
    try:
        builder = tfds.builder(
            name, data_dir=folder, file_format="array_record" if random_access else "tfrecord"
        )
        builder.download_and_prepare()
    except Exception as error:  # TFDS passes on any exception of requests, the disk or a parser.
        where = folder or "TFDS's default folder"
        raise InputError(
            f"data.source: tfds:{name} is not in {where} and cannot be downloaded "
            f"({first_line(error)}): set data.tfds_dir to a folder that has it"
        ) from None
    return builder


def _features(name: str, features: Any) -> tuple[str, str | None]:
    """The names of the image feature and of the label feature (None without labels)."""
    images = [key for key, f in features.items() if isinstance(f, tfds.features.Image)]
    labels = [key for key, f in features.items() if isinstance(f, tfds.features.ClassLabel)]
    if not images:
        raise InputError(f"data.source: tfds:{name} has no image, only {', '.join(features)}")
    image = "image" if "image" in images else images[0]
    if features[image].np_dtype not in (np.uint8, np.uint16):
        raise InputError(f"data.source: images of tfds:{name} are not uint8 or uint16")
    label = "label" if "label" in labels else next(iter(labels), None)
    return image, label


def _records(
    name: str, builder: Any, split: str, image: str, label: str | None
) -> tuple[int, Callable[[Sequence[int]], list[Record]]]:
    """The number of records in a split, and a function that reads those at the given indices."""
    decoders = {image: tfds.decode.SkipDecoding()}
    random_access = builder.info.file_format.value == "array_record"
    try:
        open_split = builder.as_data_source if random_access else builder.as_dataset
        data = open_split(split=split, decoders=decoders)
    except (ValueError, KeyError, AssertionError):
        has = ", ".join(builder.info.splits)
        raise InputError(f"data.split: tfds:{name} has no {split!r}; it has {has}") from None
    if not random_access:
        records = _load(data, image, label)
        return len(records), lambda indices: [records[i] for i in indices]
    lock = threading.Lock()  # The reader opens its files at the first read.

    def read(indices: Sequence[int]) -> list[Record]:
        with lock:
            rows = data.__getitems__(list(indices))
        return [(row[image], int(row[label]) if label else 0) for row in rows]

    return len(data), read


def _load(data: Any, image: str, label: str | None) -> list[Record]:
    rows = data.map(lambda row: (row[image], row[label] if label else tf.constant(0, tf.int64)))
    loaded: list[Record] = []
    for encoded, labels in rows.batch(1024).as_numpy_iterator():
        loaded += zip(encoded.tolist(), labels.tolist(), strict=True)
    return loaded
