"""CycleGAN between satellite images (a) and maps (b), with the paper's settings.

Paper: Zhu et al. 2017, section 5 and appendix 7: ResNet with 9 blocks, 70x70 PatchGAN, least
squares, lambda 10, identity 0.5, a pool of 50, Adam 2e-4 (0.5, 0.999), batch 1; load 286, crop 256,
flip; 200 epochs of 1,096 images; in the second half the learning rate falls to 0.
Command: python -m jaxgan.train configs/cyclegan_maps.py --data.source unpaired:maps
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import CycleGAN
from jaxgan.data.config import Data
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="cyclegan_maps",
        steps=219_200,
        algorithm=CycleGAN(),
        data=Data(
            source="unpaired:maps", image_size=256, batch_size=1, channels=3, crop=30, flip=True
        ),
    )
