"""FSRCNN x2 on the 91 images of Yang et al. (T91), on luma.

Paper: Dong et al. 2016, section 4. Here G learns the residual to the bicubic enlargement, with the
absolute error and Adam; the paper uses the squared error and SGD.
Command: python -m jaxgan.train fsrcnn_t91 --data.source folder:T91
Time: 35 minutes on one CPU core.
Got, 2026-11-30, on Set5 with python -m benchmarks.super_resolution: 36.98 dB and SSIM 0.9564 on Y
(bicubic 33.68 and 0.9305). The paper has 36.94. Of three settings this is the best: with the
squared error 36.80 dB after 15,000 steps, and 36.88 after 30,000 with 8 windows of 72 px.
"""

from jaxgan.algorithms import Adam, SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import FSRCNN
from jaxgan.run.config import Checkpoint, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="fsrcnn_t91",
        steps=30_000,
        algorithm=SuperResolution(
            generator=FSRCNN(),
            loss="l1",
            colour="luma",
            residual=True,
            generator_optimizer=Adam(lr=1e-3, b1=0.9, schedule="cosine", lr_end=1e-5),
            ema_decay=0.999,
        ),
        data=Data(source="folder:T91", image_size=48, batch_size=16, channels=3, resize=False),
        checkpoint=Checkpoint(every=5000),
        sample=Sample(every=5000),
        log=Log(every=100),
    )
