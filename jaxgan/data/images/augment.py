"""Random windows, mirroring and colour of a batch of bytes, in the TensorFlow graph.

The random numbers come from outside, one a decision and image. Means are sums of integers, so the
result for an image doesn't depend on the batch that it is in.
"""

from jaxgan.data.hosttf import tf
from jaxgan.data.images.colour import jittered, mean


def windows(images: tf.Tensor, size: int, y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The ``size`` x ``size`` window of each image: :func:`jaxgan.data.images.resize.crop`, batched."""
    for axis, u in ((1, y), (2, x)):
        room = tf.cast(tf.shape(images)[axis] - size + 1, tf.float64)
        start = tf.cast(tf.cast(u, tf.float64) * room, tf.int32)  # float32 could round up to room.
        images = tf.gather(images, start[:, None] + tf.range(size), axis=axis, batch_dims=1)
    return images


def flip(images: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """Images mirrored left to right where ``u`` (batch,) is below 1/2."""
    return tf.where(u[:, None, None, None] < 0.5, tf.reverse(images, axis=[2]), images)


def jitter(images: tf.Tensor, u: tf.Tensor, strength: float) -> tf.Tensor:
    """Brightness, then contrast, then saturation, each times ``1 + strength (2u - 1)``.

    Brightness scales the values; contrast the distance to the image's mean grey; saturation the
    distance to the pixel's own grey, of colour images. Opacity is left alone. In whole numbers:
    :func:`jaxgan.data.images.colour.jittered`.

    Args:
      images: uint8 (batch, height, width, channels).
      u: three uniform numbers an image: (batch, 3).
      strength: in [0, 1].
    """
    colours = 1 if images.shape[-1] == 1 else 3
    planes = tf.unstack(images, axis=-1)
    pixels = tf.reduce_prod(tf.shape(images, tf.int64)[1:3])
    channels = [tf.cast(plane, tf.int32) for plane in planes[:colours]]
    means = [tf.cast(mean(_sum(channel), pixels), tf.int32) for channel in channels]
    random = tf.unstack(tf.cast(u * 2.0**16, tf.int32)[:, None, None], axis=-1)
    levels = jittered(channels, means, random, strength, tf.bitwise.right_shift)
    clipped = [tf.cast(tf.clip_by_value(x, 0, 255), tf.uint8) for x in levels]
    return tf.stack([*clipped, *planes[colours:]], axis=-1)


def _sum(channel: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(channel, tf.int64), axis=[1, 2], keepdims=True)
