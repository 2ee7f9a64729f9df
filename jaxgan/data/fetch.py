"""From a plan (which examples, and where to crop them) to their images and labels."""

from typing import TypeAlias

from jaxgan.data.examples import Arrays
from jaxgan.data.hosttf import as_written, tf
from jaxgan.data.images.augment import windows
from jaxgan.data.images.resize import prepared
from jaxgan.data.loader import Loader

Tensors: TypeAlias = dict[str, tf.Tensor]
"""A plan has ``index``, ``epoch`` and the fractions ``y`` and ``x`` of a window, each (count,)."""


def from_memory(
    plans: tf.data.Dataset, arrays: Arrays, shape: tuple[int, int, int], room: int
) -> tf.data.Dataset:
    """Each plan with its images and labels, gathered from arrays that are resized here, once."""
    size, _, channels = shape
    images = tf.constant(prepared(arrays.images, size, room, channels))
    labels = None if arrays.labels is None else tf.constant(arrays.labels)

    def gather(plan: Tensors) -> Tensors:
        image = tf.gather(images, plan["index"])
        if room:
            image = windows(image, size, plan["y"], plan["x"])
        label = {} if labels is None else {"label": tf.gather(labels, plan["index"])}
        return {**plan, **label, "image": image}

    return plans.map(as_written(gather))


def from_loader(plans: tf.data.Dataset, loader: Loader, count: int) -> tf.data.Dataset:
    """Each plan, of ``count`` examples, with its images and labels, several decoded at once.

    ``failed`` marks those that the loader could not give.
    """

    def load(plan: Tensors) -> Tensors:
        image, label, failed = tf.numpy_function(
            loader.load, [plan["index"], plan["y"], plan["x"]], [tf.uint8, tf.int32, tf.bool]
        )
        example = {
            "image": tf.ensure_shape(image, loader.shape),
            "failed": tf.ensure_shape(failed, ()),
        }
        if loader.labelled:
            example["label"] = tf.ensure_shape(label, ())
        return {**plan, **example}

    # One by one, so that the threads share the images of a batch.
    loaded = plans.unbatch().map(as_written(load), num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.batch(count, drop_remainder=True)
