"""How images are measured: what the user may choose."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How images are measured."""

    metrics: str = "fid"
    """Metrics of images that a run draws: fid, kid, is, pr (precision, recall), dc (density,
    coverage), swd, with commas between; none leaves the method's own measure of held-out examples.
    The first number decides which checkpoint is the best."""
    features: str = "inception"
    """The network: inception (of 2015-12-05), squeezenet, vgg16, or FILE.py with a function
    features(images uint8 (n, h, w, c)) -> (n, d) of NumPy, JAX or PyTorch, a row an image."""
    resize: Literal["legacy_tensorflow", "legacy_pytorch", "clean"] | None = None
    """To the network's size; None: legacy_tensorflow, the paper's, for inception, else clean."""
    weights: str | None = None
    """File of the network's weights (.pth, .safetensors, .npz); None: a known one, downloaded
    once."""
    seed: int = 0
    """Seed of latent codes, and of the choice of n images from more."""
    batch_size: int | None = None
    """Images at a time in the network; None: as many as fill the devices."""
    cache: bool = True
    """Keep the reference's statistics for the next time."""
