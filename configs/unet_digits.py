"""U-Net: real digits on real photographs, a class of every pixel. No download.

Paper: Ronneberger et al. 2015, padded, with batch norm, 16 features and depth 2 at 32 px.
Command: python -m jaxgan.train unet_digits
Time: 9 minutes on two CPU cores that others used too.
Got, 2026-11-29: on the 400 test images, of other digits and other parts of the photographs: mean
Dice 0.509 over 11 classes and mean IoU 0.390, accuracy 95.5% where the background has 92.5%. Dice
is 0.988 of the background, 0.77 of the ones and 0.09 of the fives: digits are found, and twos,
fives and nines are often taken for others.
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
