"""A small WDSR-B x2 on scikit-learn's two photographs. No download.

Paper: Yu et al. 2018, section 3, with 2 blocks of 16 channels; G learns the residual to the bicubic
enlargement.
Command: python -m jaxgan.train wdsr_photos
Time: three and a half minutes on two busy CPU cores, 41 s of one core.
Got, 2026-11-29, on the six held-out tiles: 35.28 dB on Y (bicubic 35.16), SSIM 0.8612 (bicubic
0.8535).
"""

from dataclasses import replace

from jaxgan.nets import WDSR
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    run = find_config("edsr_photos")
    algorithm = replace(run.algorithm, generator=WDSR(features=16, blocks=2))
    return replace(run, name="wdsr_photos", algorithm=algorithm)
