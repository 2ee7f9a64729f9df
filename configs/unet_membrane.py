"""U-Net: membranes of neurons in electron microscopy, the data of the ISBI 2012 challenge.

Paper: Ronneberger et al. 2015, padded, with batch norm, 16 features and depth 3 (in the paper 64
and 4), windows of 128 px from images of 512 px, random flips, no elastic deformations.
Command: python -m jaxgan.train unet_membrane --data.source masks:IMAGES,MASKS --data.fold 1 5
Time: 3 to 7 minutes per fold on one or two CPU cores.
Got, 2026-11-30, five folds, on the 6 whole held-out images of each with python -m
benchmarks.segmentation: Dice 0.814 +- 0.007 for membranes (class 0) and 0.946 +- 0.005 for cells,
mean IoU 0.791 +- 0.009, accuracy 91.6% (78.0% if every pixel is called a cell). The best grey
threshold has a mean Dice of 0.729, the net 0.880. The sheet shows closed outlines, without the
mitochondria that a threshold mistakes for membranes.
"""

from jaxgan.algorithms import Segmentation
from jaxgan.data.config import Data
from jaxgan.nets import UNet
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="unet_membrane",
        steps=800,
        algorithm=Segmentation(net=UNet(features=16, depth=3)),
        data=Data(
            source="masks:train/image,train/label",
            image_size=128,
            crop=384,
            batch_size=2,
            flip=True,
            fold=(1, 5),
        ),
        checkpoint=Checkpoint(every=200),
        sample=Sample(every=200),
        evaluate=Evaluate(every=200, metrics="none"),
        log=Log(every=25),
    )
