"""The command ``style``: reads the images, and writes the result and intermediate pictures."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from tqdm import tqdm

from jaxgan.algorithms.style import NETWORK, StyleTransfer
from jaxgan.core import Algorithm, Feature, Spec, TrainState, advance
from jaxgan.data.images.rgb import SMALLEST, read_rgb
from jaxgan.errors import InputError, NotFiniteError
from jaxgan.ops.lab import lab_to_rgb, rgb_to_lab
from jaxgan.ops.pixels import to_float
from jaxgan.run import files
from jaxgan.run.describe import cost
from jaxgan.system.compiler import compiler_options
from jaxgan.typing import Image
from jaxgan.weights.style import StyleNetwork, is_normalised, read_style_file


@dataclass(frozen=True, kw_only=True)
class Styling:
    """Paints the content image in the style of other images, with a pretrained network."""

    content: str
    """Image whose content is kept."""
    style: tuple[str, ...]
    """One or more images whose style is used."""
    out: str
    """Output FILE.png."""
    weights: str = ""
    """File of VGG-19, VGG-16 or SqueezeNet: .pth, .safetensors or .npz."""
    content_weight: float = 1.0
    """Weight of the content loss."""
    style_weight: float = 50.0
    """Weight of the style loss."""
    tv_weight: float = 0.0
    """Weight of the total variation; a larger weight makes a smoother picture."""
    content_layers: tuple[str, ...] = ()
    """Content layers, such as relu4_2; empty: the paper's, as far as the file has them."""
    style_layers: tuple[str, ...] = ()
    """Style layers, such as relu1_1 relu2_1; empty: the paper's, as far as the file has them."""
    style_weights: tuple[float, ...] = ()
    """Weight of each style image; empty: equal weights."""
    steps: int = 300
    """Steps of the optimizer, each with one evaluation of the losses."""
    size: int = 512
    """Longer side of the result in pixels; style images are resized to it too."""
    original_colours: bool = False
    """Content's colours are kept: only the lightness (L*a*b*) comes from the result."""
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    """Optimizer: L-BFGS or Adam."""
    lr: float = 0.02
    """Learning rate of Adam; pixels are in [-1, 1]."""
    init: Literal["content", "noise"] = "content"
    """Image before the first step."""
    normalise: Literal["auto", "yes", "no"] = "auto"
    """Scaling of the weights so that each channel's mean activation over these images is 1. auto:
    only if it is not 1 already."""
    seed: int = 0
    """Seed of the noise."""
    save_every: int = 0
    """Steps between intermediate pictures, OUT_0050.png; 0: none."""
    dry_run: bool = False
    """Dry run: prints the layers and the memory of a step, and paints nothing."""

    def __call__(self) -> list[str]:
        """Paints; returns lines that report the result.

        Raises:
          InputError: for bad input.
        """
        self._check()
        content, styles = self._images()
        method, network = self._prepared(content, styles)
        shape = content.shape[1:]
        spec = Spec({"content": Feature("image", shape)}, self.steps)
        algorithm = method.build(spec, network)
        targets = jax.jit(lambda variables: method.targets(network, variables, content, styles))
        options = compiler_options()
        step = jax.jit(advance(algorithm), donate_argnums=0, compiler_options=options)
        key = jax.random.key(self.seed)
        batch = targets(network.variables)
        state = jax.jit(algorithm.init)(key, batch)
        state = state.replace(frozen=jax.device_put({NETWORK: network.variables}))
        compiled = step.lower(state, batch, key).compile()
        if self.dry_run:
            return [f"{shape[1]}x{shape[0]} pixels", *cost(compiled)]
        losses = self._paint(compiled, algorithm, state, batch, key)
        return [f"{self.out}: " + ", ".join(f"{name} {x:.4g}" for name, x in losses.items())]

    def _paint(
        self, step: Any, algorithm: Algorithm, state: TrainState, batch: Any, key: Any
    ) -> dict[str, float]:
        """Runs all steps, writes the pictures and returns the last losses."""
        losses: dict[str, float] = {}
        bar = tqdm(range(1, self.steps + 1), unit="step")
        for i in bar:
            state, metrics = step(state, batch, key)
            names = {"loss": "image_loss", "content": "content", "style": "style", "tv": "tv"}
            losses = {name: float(metrics[key]) for name, key in names.items()}
            bar.set_postfix({name: f"{x:.3g}" for name, x in losses.items()}, refresh=False)
            if not np.isfinite(losses["loss"]):
                raise NotFiniteError(
                    f"steps: the loss is no longer finite at step {i}: use a smaller lr or"
                    " style_weight, or another optimizer"
                )
            if self.save_every and i % self.save_every == 0 and i < self.steps:
                out = Path(self.out)
                self._write(out.with_stem(f"{out.stem}_{i:04d}"), algorithm, state, batch)
        self._write(Path(self.out), algorithm, state, batch)
        return losses

    def _write(self, path: Path, algorithm: Algorithm, state: TrainState, batch: Any) -> None:
        key = jax.random.key(0)
        image = algorithm.functions["image"].apply(state.weights(), {}, key)
        if self.original_colours:
            image = with_colours(image, batch["image"])
        files.write_image(path, np.asarray(((image[0] + 1.0) * 127.5).round(), np.uint8))

    def _prepared(self, content: Image, styles: list[Array]) -> tuple[StyleTransfer, StyleNetwork]:
        """The method and its network; reports the weights read and the layers chosen."""
        file = read_style_file(self.weights)
        _say(f"weights: {file.name}, {file.path}, SHA-256 {file.sha256}")
        content_layers, note = file.choose("content", self.content_layers)
        style_layers, other = file.choose("style", self.style_layers)
        for line in filter(None, (note, other)):
            _say(line)
        network = file.open((*content_layers, *style_layers))
        network = self._normalised(network, [content, *styles])
        method = StyleTransfer(
            content_layers=content_layers, style_layers=style_layers,
            style_weights=self.style_weights or (1.0,) * len(styles),
            content_weight=self.content_weight, style_weight=self.style_weight,
            tv_weight=self.tv_weight, optimizer=self.optimizer, lr=self.lr, start=self.init,
        )  # fmt: skip
        return method, network

    def _normalised(self, network: StyleNetwork, images: list[Array]) -> StyleNetwork:
        if self.normalise == "no":
            return network
        found = network.activations(images)
        if self.normalise == "auto" and is_normalised(found):
            return network
        _say("weights: normalised: each channel's mean activation over these images is made 1")
        return network.normalised(found)

    def _images(self) -> tuple[Image, list[Array]]:
        content, *styles = (
            self._read(path, field)
            for path, field in [(self.content, "content"), *((p, "style") for p in self.style)]
        )
        return content, styles

    def _read(self, path: str, field: str) -> Image:
        """An image at the size ``size``, in [-1, 1], shape (1, h, w, 3)."""
        return to_float(jnp.asarray(read_rgb(path, field, self.size)[None]))

    def _check(self) -> None:
        out = Path(self.out)
        if out.suffix != ".png" or out.is_dir():
            raise InputError(f"out: {out} is to hold an image: name a FILE.png")
        for path in (self.content, *self.style):
            if out.resolve() == Path(path).resolve():
                raise InputError(f"out: {out} is an input itself; name another file")
        if not self.style:
            raise InputError("style: names no image; give one or more")
        if self.style_weights and len(self.style_weights) != len(self.style):
            raise InputError(
                f"style_weights: {len(self.style_weights)} weights for {len(self.style)} styles;"
                " give one for each"
            )
        for name, least in (("steps", 1), ("size", SMALLEST), ("save_every", 0)):
            if getattr(self, name) < least:
                raise InputError(f"{name}: {getattr(self, name)} is below {least}")


def with_colours(image: Image, content: Image) -> Image:
    """The lightness of ``image`` and the colours of ``content``.

    Reference: Gatys et al. 2016, Preserving color in neural artistic style transfer, section 5.
    """
    lightness = rgb_to_lab(image)[..., :1]
    return lab_to_rgb(jnp.concatenate([lightness, rgb_to_lab(content)[..., 1:]], axis=-1))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
