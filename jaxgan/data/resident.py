"""A small data set on the accelerator: each step gathers its batch inside the compiled program.

The batches equal those of :func:`jaxgan.data.pipeline.batches` to the bit. The host sends the plan
of each batch, a few numbers per example, and the device carries it out.
"""

from collections.abc import Mapping

import numpy as np

from jaxgan.core import Feature
from jaxgan.core.sharding import sharded
from jaxgan.data.dataset import Dataset
from jaxgan.data.images.augment import carried_out
from jaxgan.data.images.resize import CENTRE, check_window, crop, fit_mask, prepared, to_channels
from jaxgan.errors import InputError
from jaxgan.typing import Batch


def resident(dataset: Dataset) -> dict[str, np.ndarray]:
    """The training examples, one array per feature, as input of :func:`gather`.

    Images are resized, with a margin for random crops; arrays are standardised.

    Raises:
      InputError: the examples are not in memory, or are fewer than a batch.
    """
    dataset.check_batch_size()
    for stream in dataset.streams.values():
        if stream.source.arrays is None:
            raise InputError(
                f"data.on_device: {stream.source.name} is decoded as it is read and doesn't lie in"
                " memory; use False, or data that does: digits, photos, idx:, npz:, table:,"
                " series: or points:"
            )
    return {
        name: array
        for stream in dataset.streams
        for name, array in prepared_arrays(dataset, stream).items()
    }


def prepared_arrays(dataset: Dataset, stream: str) -> dict[str, np.ndarray]:
    """The prepared arrays of one stream's training part."""
    part, room = dataset.streams[stream].training, dataset.data.crop

    def ready(name: str) -> np.ndarray:
        feature, array = dataset.features[name], part.array(name)
        if feature.kind in ("image", "mask") and not dataset.data.resize:
            check_window(array[0], feature.shape[0])
            return to_channels(array, feature.shape[-1]) if feature.kind == "image" else array
        if feature.kind == "image":
            return prepared(array, feature.shape[0], room, feature.shape[-1])
        if feature.kind == "mask":
            size = feature.shape[0]
            masks = [fit_mask(mask, size + room) for mask in array]
            return np.stack([m if room else crop(m, size, CENTRE, CENTRE) for m in masks])
        return dataset.scaling[name].apply(array) if feature.kind == "array" else array

    return {name: ready(name) for name in part.source.features}


def gather(
    examples: Batch, plan: Batch, features: Mapping[str, Feature], jitter: float = 0.0
) -> Batch:
    """The batch of a plan, split over the devices. A pure function, for use under ``jax.jit``.

    Args:
      examples: the arrays of :func:`resident`, on the device.
      plan: the plan of one step, from :func:`jaxgan.data.order.plans`, on the device.
      features: the features of the dataset.
      jitter: strength of the colour jitter, ``data.jitter``.
    """
    batch = carried_out(examples, plan, features, jitter)
    axes = {name: plan[features[name].stream]["index"].ndim - 1 for name in batch}
    return {name: sharded(leaf, axes[name]) for name, leaf in batch.items()}
