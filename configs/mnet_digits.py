"""M-Net: segmentation of real digits on real photographs. No download.

Paper: Fu et al. 2018, with batch norm, 16 features and depth 2 at 32 px.
Command: python -m jaxgan.train mnet_digits
Time: recipe, not run.
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
