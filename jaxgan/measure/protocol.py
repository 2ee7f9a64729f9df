"""Protocol of image measurement: the user's choices."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How images are measured."""

    metrics: str = "fid"
    """Metrics of images that a run draws, separated by commas: fid, kid, is, pr (precision,
    recall), dc (density, coverage), swd. With none, only the method's own measure of held-out
    examples is taken. The first number decides which checkpoint is best."""
    features: str = "inception"
    """Feature network: inception (of 2015-12-05), squeezenet, vgg16, or FILE.py with a function
    features(images uint8 (n, h, w, c)) -> (n, d) of NumPy, JAX or PyTorch, with one row per
    image."""
    resize: Literal["legacy_tensorflow", "legacy_pytorch", "clean"] | None = None
    """Resizer to the network's size; None: for inception legacy_tensorflow, as in its paper, else
    clean."""
    weights: str | None = None
    """File of the network's weights (.pth, .safetensors, .npz); None: the known file, which is
    downloaded once."""
    seed: int = 0
    """Seed of latent codes, and of the choice of n images from a larger set."""
    batch_size: int | None = None
    """Number of images per batch in the network; None: as many as fill the devices."""
    cache: bool = True
    """Whether to keep the reference's statistics for later runs."""
