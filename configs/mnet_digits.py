"""M-Net: segmentation of real digits on real photographs. No download.

Paper: Fu et al. 2018, with batch norm, 16 features and depth 2 at 32 px.
Command: python -m jaxgan.train mnet_digits
Time: 10 minutes on two busy CPU cores.
Got, 2026-11-30, on the 400 test images, with other digits and other parts of the photographs: mean
Dice 0.798 over 11 classes, mean IoU 0.673, accuracy 97.4% (92.5% of the pixels are background).
Dice is 0.989 for the background and between 0.66 for nines and 0.86 for twos. After 1,500 steps the
mean Dice was 0.686; unet_digits has 0.772.
"""

from dataclasses import replace

from jaxgan.algorithms import Segmentation
from jaxgan.nets import MNet
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    return replace(
        find_config("unet_digits"),
        name="mnet_digits",
        algorithm=Segmentation(net=MNet(features=16, depth=2)),
    )
