"""pix2pix from satellite images (a) to maps (b), with the paper's settings.

Paper: Isola et al. 2017, section 3 and appendix 6: U-Net-256, 70x70 PatchGAN of pairs, L1 100,
Adam 2e-4 (0.5, 0.999), batch 1; load 286, crop 256, flip; 200 epochs of 1,096 pairs. With batch 1,
the paper's batch norm is instance norm, which is used here and is the same at test time.
Command: python -m jaxgan.train configs/pix2pix_maps.py --data.source paired:maps
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import Pix2Pix
from jaxgan.data.config import Data
from jaxgan.nets import PatchGAN, UNetGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="pix2pix_maps",
        steps=219_200,
        algorithm=Pix2Pix(
            generator=UNetGenerator(norm="instance"),
            discriminator=PatchGAN(norm="instance"),
        ),
        data=Data(
            source="paired:maps", image_size=256, batch_size=1, channels=3, crop=30, flip=True
        ),
    )
