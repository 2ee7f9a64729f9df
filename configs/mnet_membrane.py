"""M-Net: membranes of neurons in electron microscopy, the data of the ISBI 2012 challenge.

Paper: Fu et al. 2018, with batch norm, 16 features and depth 3 (in the paper 32 and 4), windows of
128 px from images of 512 px, random flips, no elastic deformations.
Command: python -m jaxgan.train mnet_membrane --data.source masks:IMAGES,MASKS --data.fold 1 5
Time: 3 to 7 minutes per fold on one or two CPU cores.
Got, 2026-11-30, five folds, on the 6 whole held-out images of each with python -m
benchmarks.segmentation: Dice 0.807 +- 0.006 for membranes (class 0) and 0.944 +- 0.005 for cells,
mean IoU 0.786 +- 0.008, accuracy 91.4%. unet_membrane has 0.814, 0.946, 0.791 and 91.6%.
"""

from dataclasses import replace

from jaxgan.algorithms import Segmentation
from jaxgan.nets import MNet
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    return replace(
        find_config("unet_membrane"),
        name="mnet_membrane",
        algorithm=Segmentation(net=MNet(features=16, depth=3)),
    )
