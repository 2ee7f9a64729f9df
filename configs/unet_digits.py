"""U-Net: segmentation of real digits on real photographs. No download.

Paper: Ronneberger et al. 2015, padded, with batch norm, 16 features and depth 2 at 32 px.
Command: python -m jaxgan.train unet_digits
Time: 6 minutes on one busy CPU core.
Got, 2026-11-30, on the 400 test images, with other digits and other parts of the photographs: mean
Dice 0.772 over 11 classes, mean IoU 0.641, accuracy 97.3% (92.5% of the pixels are background).
Dice is 0.990 for the background and between 0.61 for nines and 0.87 for fours. After 1,500 steps
the mean Dice was 0.509.
"""

from jaxgan.algorithms import Segmentation
from jaxgan.data.config import Data
from jaxgan.nets import UNet
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="unet_digits",
        steps=4_000,
        algorithm=Segmentation(net=UNet(features=16, depth=2)),
        data=Data(source="digits_on_photos", image_size=32, batch_size=16),
        checkpoint=Checkpoint(every=250),
        sample=Sample(every=250),
        evaluate=Evaluate(every=250, metrics="none"),
        log=Log(every=25),
    )
