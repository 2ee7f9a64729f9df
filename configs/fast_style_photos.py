"""Fast style transfer of a flower's style, trained on 30 tiles of two photographs.

Paper: Johnson et al. 2016, with 40,000 iterations on 80,000 photographs; here 400 on 30 tiles.
Command: python -m jaxgan.train fast_style_photos --algorithm.weights vgg19.npz
Time: recipe, not run.
"""

from jaxgan.algorithms import Adam, FastStyle
from jaxgan.data.config import Data
from jaxgan.nets import StyleNet
from jaxgan.run.config import Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="fast_style_photos",
        steps=400,
        algorithm=FastStyle(
            generator=StyleNet(features=16, blocks=3),
            generator_optimizer=Adam(lr=2e-3, b1=0.9, schedule="cosine"),
        ),
        data=Data(
            source="photo_tiles", image_size=64, batch_size=4, channels=3, resize=False, flip=True
        ),
        sample=Sample(every=100),
        log=Log(every=20),
    )
