"""FSRCNN x2 on the 91 images of Yang et al. (T91), trained on luma.

Paper: Dong et al. 2016
recipe, not run
"""

from jaxgan.algorithms import Adam, SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import FSRCNN
from jaxgan.run.config import Checkpoint, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="fsrcnn_t91",
        steps=12_000,
        algorithm=SuperResolution(
            generator=FSRCNN(),
            loss="l2",
            colour="luma",
            residual=True,
            generator_optimizer=Adam(lr=1e-3, b1=0.9, schedule="cosine", lr_end=1e-5),
            ema_decay=0.999,
        ),
        data=Data(source="folder:T91", image_size=72, batch_size=16, channels=3, resize=False),
        checkpoint=Checkpoint(every=1000),
        sample=Sample(every=2000),
        log=Log(every=100),
    )
