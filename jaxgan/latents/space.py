"""The latent codes of a run's generator, and their images."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxgan.core import Code
from jaxgan.errors import InputError, did_you_mean
from jaxgan.measure.generated import CHUNK, classes_of, drawing_function, labels_of
from jaxgan.ops import Conv, ConvTranspose, EqualizedDense
from jaxgan.ops.pixels import to_uint8
from jaxgan.run.opened import Opened
from jaxgan.typing import Image

Codes = Float[np.ndarray, "_n _size"]
LayerCodes = Float[np.ndarray, "_n _layers _size"]

LINEAR = (nn.Dense, Conv, ConvTranspose, EqualizedDense)
"""Layers that are affine in their input."""


class Space:
    """One kind of latent codes (such as z or w) of a run's generator."""

    def __init__(self, opened: Opened, code: str | None = None, label: int | None = None):
        """Compiles nothing yet.

        Args:
          opened: the run.
          code: the name of the codes; None: the last one that the function has.
          label: the class of all images; None: class 0, if the run is conditional.

        Raises:
          InputError: the run generates no images, or has no such codes or class.
        """
        _, self._function = drawing_function(opened.functions)
        self.weights = opened.weights
        self.opened = opened
        known = self._function.codes
        if not known:
            raise InputError("run: its function takes no latent codes")
        self.name = code or list(known)[-1]
        if self.name not in known:
            raise InputError(
                f"code: there is no {self.name}; {did_you_mean(self.name, known)}use"
                f" {', '.join(known)}"
            )
        self.code: Code = known[self.name]
        classes = classes_of(self._function, opened.spec.features)
        if label is not None and not 0 <= label < classes:
            has = f"0 to {classes - 1}" if classes else "none: it is not conditional"
            raise InputError(f"label: {label} is not a class of this run ({has})")
        self._classes, self._label = classes, label or 0

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of the images."""
        return self._function.gives.shape

    @functools.cached_property
    def size(self) -> int:
        """The dimension of a code."""
        return self.of_seeds([0]).shape[1]

    def of_seeds(self, seeds: Sequence[int]) -> Codes:
        """The codes of the images that ``python -m jaxgan.sample --n 1 --seed SEED`` draws."""
        return np.concatenate([self.drawn(CHUNK, seed)[:1] for seed in seeds])

    def drawn(self, n: int, seed: int) -> Codes:
        """``n`` random codes from their distribution."""
        chunks = range(-(-n // CHUNK))
        keys = [jax.random.fold_in(jax.random.key(seed), chunk) for chunk in chunks]
        return np.concatenate([np.asarray(self._draw(self.weights, key)) for key in keys])[:n]

    def images(self, codes: Codes | LayerCodes) -> np.ndarray:
        """The images, uint8 (n, h, w, c), of codes or of codes per layer."""
        made = []
        for start in range(0, len(codes), CHUNK):
            part = codes[start : start + CHUNK]
            padded = np.concatenate([part, np.zeros((CHUNK - len(part), *part.shape[1:]))])
            made.append(np.asarray(self._bytes(self.weights, padded.astype(np.float32))))
        return np.concatenate(made)[: len(codes)]

    def generate(self, weights: Any, codes: Any) -> Image:
        """The images of codes, in [-1, 1]; differentiable."""
        inputs = {self.name: codes, "n": len(codes), **self._labels(len(codes))}
        return self._function.apply(weights, inputs, jax.random.key(0))

    def entering(self, codes: Codes) -> np.ndarray:
        """Concatenated outputs of the layers that are affine in the codes: (n, outputs).

        Raises:
          InputError: there is no such layer.
        """
        n = len(codes)
        places = np.concatenate([codes, codes[:1] + codes[1:2], np.zeros_like(codes[:1])])

        def outputs(weights: Any, codes: Any) -> list[Any]:
            with _linear_outputs(places.size) as found:
                self.generate(weights, codes)
            return found

        parts = jax.jit(outputs)(self.weights, jnp.asarray(places, jnp.float32))
        flat = [np.asarray(part, np.float64).reshape(n + 2, -1) for part in parts]
        affine = [part[:n] for part in flat if _is_affine(part)]
        if not affine:
            raise InputError(f"code: no layer of the run is linear in {self.name}")
        return np.concatenate(affine, axis=1)

    def _labels(self, n: int) -> dict[str, Any]:
        labels = jnp.asarray(labels_of(np.arange(n), self._classes, self._label))
        return {"label": labels} if self._classes else {}

    @functools.cached_property
    def _draw(self) -> Callable[..., Any]:
        inputs = {"n": CHUNK, **self._labels(CHUNK)}
        return jax.jit(lambda weights, key: self.code.draw(weights, inputs, key))

    @functools.cached_property
    def _bytes(self) -> Callable[..., Any]:
        return jax.jit(lambda weights, codes: to_uint8(self.generate(weights, codes)))


def _is_affine(outputs: np.ndarray) -> bool:
    """Whether h(a + b) = h(a) + h(b) - h(0).

    The first two rows are h(a) and h(b); the last two are h(a + b) and h(0).
    """
    a, b, both, zero = outputs[0], outputs[1], outputs[-2], outputs[-1]
    scale = np.abs(outputs).max()
    return bool(scale > 0 and np.abs(both - a - b + zero).max() < 1e-4 * scale)


@contextmanager
def _linear_outputs(size: int) -> Iterator[list[Any]]:
    """Collects the outputs of linear layers whose input has ``size`` elements, as the codes do."""
    found: list[Any] = []

    def intercept(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        out = call(*args, **kwargs)
        if isinstance(context.module, LINEAR) and args and args[0].size == size:
            found.append(out)
        return out

    with nn.intercept_methods(intercept):
        yield found
