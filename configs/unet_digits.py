"""U-Net: segmentation of real digits on real photographs. No download.

Paper: Ronneberger et al. 2015, padded, with batch norm, 16 features and depth 2 at 32 px.
Command: python -m jaxgan.train unet_digits
Time: 9 minutes on two shared CPU cores.
Got, 2026-11-29, on the 400 test images, with other digits and other parts of the photographs: mean
Dice 0.509 over 11 classes, mean IoU 0.390, accuracy 95.5% (92.5% of the pixels are background).
Dice is 0.988 for the background, 0.77 for ones and 0.09 for fives: digits are found, but twos,
fives and nines are often confused with others.
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
        algorithm=Segmentation(net=UNet(features=16, depth=2)),
        data=Data(source="digits_on_photos", image_size=32, batch_size=16),
        checkpoint=Checkpoint(every=250),
        sample=Sample(every=250),
        evaluate=Evaluate(every=250, metrics="none"),
        log=Log(every=25),
    )
