"""Real images: sources of examples, and the tf.data pipeline that feeds a training step.

    from jaxgan.data import Data
    from jaxgan.data.pipeline import batches
    from jaxgan.data.sources.opening import open_source

    data = Data(source="digits", image_size=32, batch_size=64)
    stream = batches(open_source(data), data, seed=0, start_step=1000)

This package itself imports no TensorFlow: only ``pipeline`` and ``tfds`` do.
"""

from jaxgan.data.config import Data

__all__ = ["Data"]
