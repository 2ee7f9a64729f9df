"""A small EDSR x2 on the 91 images of Yang et al. (T91), on luma: 8 blocks of 16 channels.

Paper: Lim et al. 2017, section 3, whose baseline has 16 blocks of 64 channels and is trained on
DIV2K. Here G learns the residual to the bicubic enlargement.
Command: python -m jaxgan.train edsr_t91 --data.source folder:T91
Time: 30 minutes on one busy CPU core.
Got, 2026-11-30, on Set5 with python -m benchmarks.super_resolution: 37.27 dB and SSIM 0.9578 on Y
(bicubic 33.68 and 0.9305).
"""

from jaxgan.algorithms import Adam, SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import EDSR
from jaxgan.run.config import Checkpoint, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="edsr_t91",
        steps=12_000,
        algorithm=SuperResolution(
            generator=EDSR(features=16, blocks=8),
            colour="luma",
            residual=True,
            generator_optimizer=Adam(lr=2e-3, b1=0.9, schedule="cosine"),
            ema_decay=0.999,
        ),
        data=Data(source="folder:T91", image_size=48, batch_size=16, channels=3, resize=False),
        checkpoint=Checkpoint(every=2000),
        sample=Sample(every=2000),
        log=Log(every=100),
    )
