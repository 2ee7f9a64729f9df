"""Fields of a config about the data."""

from dataclasses import dataclass

from jaxgan.errors import InputError


@dataclass(frozen=True)
class Data:
    """Which examples, and how they become batches."""

    source: str = "digits"
    """digits, idx:PATH (MNIST's files), npz:PATH, folder:PATH (image files) or tfds:NAME.
    photo_tiles: two photographs in 30 images of 128 pixels.
    Images with masks: digits_on_photos, or masks:IMAGES,MASKS, two folders with the same names.
    table:FILE.csv: a row an example; breast_cancer: such a table. series:FILE.csv: windows of a
    time series. points:ring, points:grid and points:line: mixtures of Gaussians. Two domains:
    photos, unpaired:PATH_A,PATH_B or paired:PATH_A,PATH_B; one ROOT for both paths holds trainA and
    trainB or, for paired, images with A in the left half and B in the right."""
    image_size: int = 28
    """Height and width of the images, in pixels: the shorter side is resized, then cropped."""
    batch_size: int = 64
    """Examples a batch, over all devices and hosts."""
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
    resize: bool = True
    """Resize images before they are cropped; False cuts windows of image_size out of them as they
    are: at random places to train on, at the centre to measure (super-resolution)."""
    jitter: float = 0.0
    """Strength s in [0, 1]: brightness, contrast and saturation times U(1 - s, 1 + s)."""
    max_unreadable: int = 10
    """Unreadable images to skip (the next one stands in) before the run stops; of each stream."""
    on_device: bool = False
    """Keep a small data set decoded on the accelerator; the training step gathers its batches."""
    held_out: float = 0.0
    """Share of the examples that is kept from training, to measure on; the end of a series. 0: the
    test part of the source if it has one."""
    fold: tuple[int, int] | None = None
    """(k, n): keep fold k of n, counted from 1, from training. All n folds cover the examples."""
    keep: tuple[str, ...] = ()
    """Classes that are made rare: CLASS:COUNT, such as 8:16, keeps so many training examples of the
    class of that name. The held-out part stays as it is."""
    normal: tuple[str, ...] = ()
    """Names of the classes that are normal: these alone are trained on, and the held-out part keeps
    all, with the feature ``anomaly`` (0 or 1) in the place of the label (anomaly detection). Here
    ``keep`` makes an anomalous class rare in the held-out part."""
    labels: int = 0
    """Labels to keep, as many of each class: the stream ``labelled`` gives these examples, and all
    training images come without a label (semi-supervised learning). 0 keeps every label."""
    labels_seed: int = 0
    """Seed of the choice of these labels."""
    target: str | None = None
    """Column of a table that is to be predicted: integers or words are labels, floats a target."""
    past: int = 48
    """Rows of a series that a window starts with."""
    future: int = 12
    """Rows of a series that follow the past."""

    def __post_init__(self) -> None:
        least = {"image_size": 1, "batch_size": 1, "crop": 0, "max_unreadable": 0, "labels": 0}
        for name, low in {**least, "past": 1, "future": 1}.items():
            if getattr(self, name) < low:
                raise InputError(f"data.{name}: {getattr(self, name)} is less than {low}")
        if self.channels not in (0, 1, 3, 4):
            raise InputError(f"data.channels: {self.channels} is not one of 0, 1, 3, 4")
        if not 0 <= self.jitter <= 1:
            raise InputError(f"data.jitter: {self.jitter} is outside [0, 1]")
        if not 0 <= self.held_out < 1:
            raise InputError(f"data.held_out: {self.held_out} is outside [0, 1)")
        if self.crop and not self.resize:
            raise InputError(
                f"data.crop: {self.crop} is the room that a resized image has, and data.resize is"
                " False: leave it out"
            )
        if self.fold is not None:
            self._check_fold(*self.fold)

    def _check_fold(self, k: int, n: int) -> None:
        if n < 2 or not 1 <= k <= n:
            raise InputError(
                f"data.fold: {k} {n} is not a fold k of n: use n of at least 2 and k from 1 to n"
            )
        if self.held_out:
            raise InputError(
                f"data.held_out: {self.held_out} and data.fold {k} {n} both choose the held-out"
                " part: use one of them"
            )
