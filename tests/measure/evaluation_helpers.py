"""Sets of images small enough for a test, and features that need no network."""

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxgan.measure.features import own_features

_PROJECTION = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)


def projected(images):
    """Six numbers of an image of any size: its 8x8 block means, projected and rectified."""
    n, h, w, c = images.shape
    blocks = images.astype(jnp.float32).reshape(n, 8, h // 8, 8, w // 8, c).mean((2, 4, 5))
    return jax.nn.relu(blocks.reshape(n, 64) / 255 @ _PROJECTION)


def own():
    return own_features("projected", projected)


def make_folder(root, n, seed=0, size=8, shift=0, channels=3):
    """PNG files of smooth noise."""
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        pixels = rng.integers(0, 200, (size, size, channels)) + shift
        Image.fromarray(pixels.astype(np.uint8).squeeze()).save(root / f"{i:04d}.png")
    return root


def pixels_of(root):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(root.glob("*.png"))])
