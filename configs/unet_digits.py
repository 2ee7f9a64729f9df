"""U-Net: real digits on real photographs, a class of every pixel. No download.

Paper: Ronneberger et al. 2015, padded, with batch norm and a quarter of the channels.
Command: python -m jaxgan.train unet_digits
Time: recipe, not run
"""

from jaxgan.algorithms import Segmentation
from jaxgan.data.config import Data
from jaxgan.nets import UNet
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="unet_digits",
        steps=1_500,
        algorithm=Segmentation(net=UNet(features=16, depth=3)),
        data=Data(source="digits_on_photos", image_size=64, batch_size=8),
        checkpoint=Checkpoint(every=250),
        sample=Sample(every=250),
        evaluate=Evaluate(every=250, metrics="none"),
        log=Log(every=25),
    )
