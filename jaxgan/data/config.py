"""The fields of a config that describe the data."""

from dataclasses import dataclass

from jaxgan.errors import InputError


@dataclass(frozen=True)
class Data:
    """Source of the examples, and how they become batches."""

    source: str = "digits"
    """Source of the examples: digits, idx:PATH (MNIST's files), npz:PATH, folder:PATH (image
    files) or tfds:NAME. photo_tiles: two photographs cut into 30 images of 128 pixels.
    Images with masks: digits_on_photos, or masks:IMAGES,MASKS (two folders with equal file names).
    Tables, one example per row: table:FILE.csv or breast_cancer. Windows of a time series:
    series:FILE.csv. Mixtures of Gaussians: points:ring, points:grid or points:line. Two domains:
    photos, unpaired:PATH_A,PATH_B or paired:PATH_A,PATH_B; or a single ROOT with folders trainA and
    trainB or, for paired, with images that have A in the left half and B in the right."""
    image_size: int = 28
    """Height and width of the images, in pixels: the shorter side is resized, then cropped."""
    batch_size: int = 64
    """Number of examples in a batch, over all devices and hosts."""
    channels: int = 0
    """Channels of the images: 1 grey, 3 RGB, 4 RGBA; 0: as in the source (for a folder, as in its
    first image)."""
    split: str = "train"
    """Split of the data: train or test for idx; for tfds any TFDS split, such as train[:90%]; for a
    ROOT, test stands for testA and testB."""
    tfds_dir: str | None = None
    """Folder of prepared TFDS data sets; None: TFDS's own default."""
    flip: bool = False
    """Random horizontal flip with probability 1/2."""
    crop: int = 0
    """Extra pixels for random crops: the shorter side is resized to image_size + crop; 0: centre
    crop."""
    resize: bool = True
    """Resizing before the crop. False: windows of image_size are cut from the original images, at
    random positions for training and at the centre for measuring (super-resolution)."""
    jitter: float = 0.0
    """Colour jitter s in [0, 1]: brightness, contrast and saturation are multiplied by
    U(1 - s, 1 + s)."""
    max_unreadable: int = 10
    """Number of unreadable images per stream that are replaced by the next one before the run
    stops."""
    on_device: bool = False
    """Small data set kept decoded on the accelerator, where the training step gathers batches."""
    held_out: float = 0.0
    """Fraction of the examples held out from training, for measures; for a series, its end. 0: the
    source's test part, if it has one."""
    fold: tuple[int, int] | None = None
    """Cross-validation (k, n): fold k of n, counted from 1, is held out. The n folds cover all
    examples."""
    keep: tuple[str, ...] = ()
    """Classes that are made rare: CLASS:COUNT, such as 8:16, keeps COUNT training examples of the
    class with this name. The held-out part is unchanged."""
    normal: tuple[str, ...] = ()
    """Names of the normal classes, for anomaly detection: only these are trained on. The held-out
    part keeps all classes; the feature ``anomaly`` (0 or 1) replaces the label. For an anomalous
    class, ``keep`` applies to the held-out part."""
    labels: int = 0
    """Number of labels to keep, equally many per class (semi-supervised learning): the stream
    ``labelled`` has these examples, and all training images come without labels. 0: all labels."""
    labels_seed: int = 0
    """Seed of the choice of these labels."""
    target: str | None = None
    """Column of a table to predict: integers or words are class labels, floats a numeric target."""
    past: int = 48
    """Number of rows of a series in the past of a window."""
    future: int = 12
    """Number of rows of a series in the future of a window."""

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
