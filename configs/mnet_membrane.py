"""M-Net: membranes of neurons in electron microscopy, the data of the ISBI 2012 challenge.

Paper: Fu et al. 2018, with batch norm, 16 features and depth 3 (in the paper 32 and 4), windows of
128 px from images of 512 px, random flips, no elastic deformations.
Command: python -m jaxgan.train mnet_membrane --data.source masks:IMAGES,MASKS --data.fold 1 5
Time: 7 minutes on two shared CPU cores.
Got, 2026-11-29, fold 1, on 6 whole held-out images with python -m benchmarks.segmentation: Dice
0.817 for membranes (class 0) and 0.952 for cells, mean IoU 0.799, accuracy 92.3%. unet_membrane has
0.823, 0.953, 0.805 and 92.6% on the same images.
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
