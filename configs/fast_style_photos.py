"""Fast style transfer of a flower's style, trained on 30 tiles of two photographs.

Paper: Johnson et al. 2016, with 40,000 iterations on 80,000 photographs; here 800 on 30 tiles.
Command: python -m jaxgan.train fast_style_photos --algorithm.weights vgg19.npz
Time: 8 minutes on two busy CPU cores.
Got, 2026-11-30, with VGG-19 up to relu3_1: content loss 2.7, style loss 1.7 (5.6 and 13.7 in the
first 20 steps). The sheet shows the temple and the flowers in the teal and orange of the style.
It is the fourth setting tried: with style weight 50 and lr 2e-3 G ignored its input, and with 10
or 2 it kept little of it.
"""

from jaxgan.algorithms import Adam, FastStyle
from jaxgan.data.config import Data
from jaxgan.nets import StyleNet
from jaxgan.run.config import Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="fast_style_photos",
        steps=800,
        algorithm=FastStyle(
            generator=StyleNet(features=16, blocks=3),
            style_weight=0.5,
            generator_optimizer=Adam(lr=1e-3, b1=0.9, schedule="cosine"),
        ),
        data=Data(
            source="photo_tiles", image_size=64, batch_size=4, channels=3, resize=False, flip=True
        ),
        sample=Sample(every=100),
        log=Log(every=20),
    )
