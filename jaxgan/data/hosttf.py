"""TensorFlow for the host alone: quiet, and never on the GPU, which is JAX's.

Import ``tf`` from here, so that this holds wherever TensorFlow is used.
"""

import os
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it announces itself at every import

import tensorflow as tf

tf.config.set_visible_devices([], "GPU")

__all__ = ["as_written", "tf"]


def as_written(function: Callable) -> Callable:
    """``function`` without AutoGraph, for ``map``: ours branch on Python values only.

    Rewriting them would take most of the time to the first batch.
    """
    return tf.autograph.experimental.do_not_convert(function)
