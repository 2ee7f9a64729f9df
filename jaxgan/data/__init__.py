"""Real data: sources of examples, and the batches that a training step sees.

    from jaxgan.data import Data
    from jaxgan.data.dataset import open_dataset
    from jaxgan.data.pipeline import batches

    dataset = open_dataset(Data(source="digits", image_size=32, batch_size=64))
    stream = batches(dataset, seed=0, start_step=1000)

TensorFlow is imported only if images are decoded as they are read, and by ``sources.tfds``.
"""

from jaxgan.data.config import Data

__all__ = ["Data"]
