"""Colours for grey photographs: an autoencoder that adds a* and b* to the lightness.

Paper: Zhang et al. 2016 have the task and the space L*a*b*; the net here is a small convolutional
autoencoder whose code is a map, so it colours images of any size.
Command: python -m jaxgan.train colour_photos
Time: 20 CPU seconds.
Got, 2026-11-29: PSNR 25.6 dB on the 6 held-out tiles, 20.1 dB before. Green shade and pale petals
come back, the orange ones stay brown, and flat areas show a faint checkerboard.
"""

from jaxgan.algorithms import Autoencoder
from jaxgan.data.config import Data
from jaxgan.nets import ConvDecoder, ConvEncoder
from jaxgan.run.config import Evaluate, Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="colour_photos",
        steps=250,
        algorithm=Autoencoder(
            encoder=ConvEncoder(features=16, depth=3, code="map"),
            decoder=ConvDecoder(features=16, depth=3, code="map"),
            latent_dim=64,
            colour="lab",
        ),
        data=Data(
            source="photo_tiles", image_size=64, batch_size=16, channels=3, crop=64, flip=True,
            held_out=0.2,
        ),
        evaluate=Evaluate(every=250, metrics="none"),
    )  # fmt: skip
