"""A conditional GAN on digits of which one class is rare, to draw more of it: oversampling.

Paper: after Mirza and Osindero 2014, with the nets of cgan_digits. 16 eights are kept, 1.2% of the
training images. docs/oversampling.md says what a classifier gains by the samples.
Command: python -m jaxgan.train oversampling_digits --out runs/rare
         python -m jaxgan.sample runs/rare --balance training --out more
Time: recipe, not run to its end here.
"""

from dataclasses import replace

from jaxgan.run.config import Run
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    base = find_config("cgan_digits")
    data = replace(base.data, keep=("8:16",), held_out=0.2)
    return replace(base, name="oversampling_digits", data=data, steps=1500)
