"""Random windows, mirroring and colour of a batch of bytes, in the TensorFlow graph.

The random numbers come from outside, one a decision and image. Means are sums of integers, so the
result for an image doesn't depend on the batch that it is in.
"""

from jaxgan.data.hosttf import tf


def windows(images: tf.Tensor, size: int, y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The ``size`` x ``size`` window of each image: :func:`jaxgan.data.resize.crop`, batched."""
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
    distance to the pixel's own grey, of colour images. Opacity is left alone.

    Args:
      images: uint8 (batch, height, width, channels).
      u: three uniform numbers an image: (batch, 3).
      strength: in [0, 1].
    """
    colours = 1 if images.shape[-1] == 1 else 3
    colour, opacity = tf.split(images, [colours, -1], axis=-1)
    bright, contrast, saturation = (
        factor[:, None, None, None] for factor in tf.unstack(1 + strength * (2 * u - 1), axis=1)
    )
    x = tf.cast(colour, tf.float32) * bright
    x = contrast * x + (1 - contrast) * (_mean_luma(colour) * bright)
    if colours == 3:
        x = saturation * x + (1 - saturation) * _luma(x)
    x = tf.cast(tf.clip_by_value(tf.round(x), 0.0, 255.0), tf.uint8)
    return tf.concat([x, opacity], axis=-1)


def _luma(x: tf.Tensor) -> tf.Tensor:
    red, green, blue = tf.split(x, 3, axis=-1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _mean_luma(colour: tf.Tensor) -> tf.Tensor:
    total = tf.reduce_sum(tf.cast(colour, tf.int64), axis=[1, 2], keepdims=True)
    pixels = tf.cast(tf.reduce_prod(tf.shape(colour)[1:3]), tf.float64)
    mean = tf.cast(tf.cast(total, tf.float64) / pixels, tf.float32)
    return _luma(mean) if colour.shape[-1] == 3 else mean
