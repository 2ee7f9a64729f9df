"""Pixel shuffle: channels of a small map become pixels of a large one (Shi et al. 2016)."""

from jaxtyping import Array, Float


def pixel_shuffle(
    x: Float[Array, "batch height width channels"], scale: int
) -> Float[Array, "batch new_height new_width new_channels"]:
    """(n, h, w, c s^2) to (n, h s, w s, c): ``y[s i + a, s j + b, k] = x[i, j, k s^2 + a s + b]``.

    The order of the channels is PyTorch's.
    """
    n, height, width, channels = x.shape
    kept = channels // scale**2
    x = x.reshape(n, height, width, kept, scale, scale)
    return x.transpose(0, 1, 4, 2, 5, 3).reshape(n, height * scale, width * scale, kept)
