"""A small WDSR-B x2 on two photographs that scikit-learn carries. No download.

Paper: Yu et al. 2018
recipe, not run
"""

from jaxgan.algorithms import Adam, SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import WDSR
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="wdsr_photos",
        steps=600,
        algorithm=SuperResolution(
            generator=WDSR(features=16, blocks=4),
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
