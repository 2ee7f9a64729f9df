"""Noise that a denoising autoencoder learns to remove."""

from dataclasses import dataclass
from typing import Literal

from jaxgan.core import Feature
from jaxgan.errors import InputError
from jaxgan.ops.jpeg import jpeg
from jaxgan.ops.noise import blurred, gaussian, masked, salt_and_pepper
from jaxgan.typing import Image, PRNGKey

NoiseName = Literal["none", "gaussian", "salt_and_pepper", "mask", "blur", "jpeg"]


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Noise added to images, drawn anew for each image and step; none by default."""

    kind: NoiseName = "none"
    """Kind of noise, with the field of its strength: ``gaussian`` (deviation),
    ``salt_and_pepper`` (share), ``mask`` (side), ``blur`` (radius), ``jpeg`` (quality)."""
    deviation: float = 0.5
    """Standard deviation of Gaussian noise; black and white differ by 2."""
    share: float = 0.2
    """Fraction of the pixels that are set to black or white."""
    side: float = 0.4
    """Side of the grey window, as a fraction of the image side."""
    radius: float = 1.5
    """Standard deviation of the blur, in pixels."""
    quality: int = 10
    """Quality of the JPEG file, from 1 to 100."""

    def __bool__(self) -> bool:
        """Whether there is any noise."""
        return self.kind != "none"

    def __call__(self, images: Image, key: PRNGKey) -> Image:
        """The noisy images, also in [-1, 1]."""
        match self.kind:
            case "gaussian":
                return gaussian(images, key, self.deviation)
            case "salt_and_pepper":
                return salt_and_pepper(images, key, self.share)
            case "mask":
                return masked(images, key, self.side)
            case "blur":
                return blurred(images, self.radius)
            case "jpeg":
                return jpeg(images, self.quality)
            case "none":
                return images

    @property
    def protocol(self) -> str:
        """The kind and its strength, such as ``gaussian0.5``, for the names of measures."""
        fields = {
            "gaussian": self.deviation,
            "salt_and_pepper": self.share,
            "mask": self.side,
            "blur": self.radius,
            "jpeg": self.quality,
        }
        return f"{self.kind}{fields[self.kind]:g}"

    def check(self, image: Feature) -> None:
        """Raises InputError for a strength out of range, and for RGBA images in a JPEG file."""
        for name in ("share", "side"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"algorithm.noise.{name}: {getattr(self, name)} is not in (0, 1]")
        for name in ("deviation", "radius"):
            if not getattr(self, name) > 0:
                raise InputError(f"algorithm.noise.{name}: {getattr(self, name)} is not above 0")
        if not 1 <= self.quality <= 100:
            raise InputError(f"algorithm.noise.quality: {self.quality} is not from 1 to 100")
        if self.kind == "jpeg" and image.shape[2] == 4:
            raise InputError(
                "algorithm.noise.kind: a JPEG file has no opacity; use --data.channels 3"
            )
