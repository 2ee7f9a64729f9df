"""A small EDSR x2 on two photographs that scikit-learn carries. No download.

Paper: Lim et al. 2017
recipe, not run
"""

from jaxgan.algorithms import Adam, SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import EDSR
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="edsr_photos",
        steps=600,
        algorithm=SuperResolution(
            generator=EDSR(features=16, blocks=4),
            residual=True,
            generator_optimizer=Adam(lr=1e-3, b1=0.9, schedule="cosine"),
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
