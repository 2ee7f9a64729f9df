"""FSRCNN x2 on two photographs that scikit-learn carries. No download.

Paper: Dong et al. 2016
recipe, not run
"""

from jaxgan.algorithms import Adam, SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import FSRCNN
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="fsrcnn_photos",
        steps=600,
        algorithm=SuperResolution(
            generator=FSRCNN(),
            loss="l2",
            colour="luma",
            residual=True,
            generator_optimizer=Adam(lr=2e-3, b1=0.9, schedule="cosine"),
            ema_decay=0.99,
        ),
        data=Data(
            source="photo_tiles",
            image_size=48,
            batch_size=16,
            channels=3,
            resize=False,
            fold=(1, 5),
        ),
        sample=Sample(every=300),
        log=Log(every=50),
        evaluate=Evaluate(every=300),
    )
