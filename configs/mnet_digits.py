"""M-Net: real digits on real photographs, a class of every pixel. No download.

Paper: Fu et al. 2018, with batch norm, 16 features and depth 2 at 32 px.
Command: python -m jaxgan.train mnet_digits
Time: recipe, not run
"""

from jaxgan.algorithms import Segmentation
from jaxgan.data.config import Data
from jaxgan.nets import MNet
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="mnet_digits",
        steps=1_500,
        algorithm=Segmentation(net=MNet(features=16, depth=2)),
        data=Data(source="digits_on_photos", image_size=32, batch_size=16),
        checkpoint=Checkpoint(every=250),
        sample=Sample(every=250),
        evaluate=Evaluate(every=250, metrics="none"),
        log=Log(every=25),
    )
