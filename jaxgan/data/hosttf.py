"""TensorFlow on the host only: quiet, and never on the GPU, which JAX uses.

All other files import ``tf`` from here, so that this always holds.
"""

import os
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # else oneDNN logs a line at every import

import tensorflow as tf

tf.config.set_visible_devices([], "GPU")

__all__ = ["as_written", "tf"]


def as_written(function: Callable) -> Callable:
    """``function`` without AutoGraph, for ``map``: our functions branch on Python values only.

    AutoGraph's rewriting would take most of the time to the first batch.
    """
    return tf.autograph.experimental.do_not_convert(function)
