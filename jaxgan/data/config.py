"""What the user may choose about the data."""

from dataclasses import dataclass

from jaxgan.errors import InputError


@dataclass(frozen=True)
class Data:
    """Which images, and how they become batches."""

    source: str = "digits"
    """digits, idx:PATH (MNIST's files), npz:PATH, folder:PATH (JPEG, PNG, WebP) or tfds:NAME.
    Two domains: photos, unpaired:PATH_A,PATH_B or paired:PATH_A,PATH_B; one ROOT for both paths
    holds trainA and trainB or, for paired, images with A in the left half and B in the right."""
    image_size: int = 28
    """Height and width of the images, in pixels: the shorter side is resized, then cropped."""
    batch_size: int = 64
    """Images a batch, over all devices and hosts."""
    channels: int = 0
    """1 grey, 3 RGB, 4 RGBA; 0 is as the source has them (a folder: as its first image has)."""
    split: str = "train"
    """Part of the data: train or test for idx, any TFDS split such as train[:90%] for tfds; test of
    a ROOT is its testA and testB."""
    tfds_dir: str | None = None
    """Folder of prepared TFDS data sets; None is TFDS's own default."""
    flip: bool = False
    """Mirror an image left to right with probability 1/2."""
    crop: int = 0
    """Pixels: resize the shorter side to image_size + crop, crop at random; 0 is a centre crop."""
    jitter: float = 0.0
    """Strength s in [0, 1]: brightness, contrast and saturation times U(1 - s, 1 + s)."""
    max_unreadable: int = 10
    """Unreadable images to skip (the next one stands in) before the run stops; of each domain."""
    on_device: bool = False
    """Keep a small data set decoded on the accelerator; the training step gathers its batches."""

    def __post_init__(self) -> None:
        for name, least in (("image_size", 1), ("batch_size", 1), ("crop", 0)):
            if getattr(self, name) < least:
                raise InputError(f"data.{name}: {getattr(self, name)} is less than {least}")
        if self.channels not in (0, 1, 3, 4):
            raise InputError(f"data.channels: {self.channels} is not one of 0, 1, 3, 4")
        if not 0 <= self.jitter <= 1:
            raise InputError(f"data.jitter: {self.jitter} is outside [0, 1]")
        if self.max_unreadable < 0:
            raise InputError(f"data.max_unreadable: {self.max_unreadable} is less than 0")
