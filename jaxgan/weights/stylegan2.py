"""StyleGAN2's published weights as variables of our nets.

Axes change from PyTorch's order to linen's. Kernels that double the size are turned by 180 degrees,
because ``conv_transpose2d`` turns them and :func:`jaxgan.ops.upsample_lowpass_conv` does not.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from jaxgan.errors import InputError
from jaxgan.nets import StyleGAN2Discriminator, StyleGAN2Generator
from jaxgan.nets.stylegan2 import SMALLEST, resolutions
from jaxgan.ops.filtered_conv import TAPS
from jaxgan.typing import Variables
from jaxgan.weights.networks import NetworkFile, read_networks
from jaxgan.weights.torch_file import readable, shown

Place: TypeAlias = tuple[str, ...]


SIZES, LAYERS = 1 << 16, 64
"""Largest width and largest number of mapping layers that are accepted in a file."""


class Loaded(NamedTuple):
    """A net with published weights: ``net.apply(variables, ...)``."""

    net: nn.Module
    """Net with the file's sizes: :class:`StyleGAN2Generator` or :class:`StyleGAN2Discriminator`."""
    variables: Variables
    """Variables of the net; a generator's fixed noise is in the collection ``constants``."""
    latent_dim: int = 0
    """Size of a generator's latent code."""


def read_stylegan2(path: str | Path, *names: str) -> dict[str, Loaded]:
    """The networks "G", "D" and "G_ema" of a ``stylegan2-ada-pytorch`` pickle, or some of them.

    ``G_ema`` has the averaged weights, which are used for sampling:

        net, variables, latent_dim = read_stylegan2("ffhq.pkl", "G_ema")["G_ema"]
        images = net.apply(variables, jax.random.normal(key, (4, latent_dim)), None, False)

    Without a random stream ``noise`` the images have the file's fixed noise. No code in the file is
    run.

    Args:
      path: the file.
      *names: networks to read; none: all in the file.

    Raises:
      InputError: the file cannot be read, or a network has an array, shape or setting that our nets
        do not have.
    """
    networks, path = read_networks(path, *names), Path(path)
    with readable(path):
        return {
            name: _discriminator(network) if name == "D" else _generator(network)
            for name, network in networks.items()
        }


def _generator(file: NetworkFile) -> Loaded:
    size = file.field("img_resolution", int)
    _check(file, "skip")
    sizes = _sizes(file, size)
    widths = {r: file.arrays.get(f"synthesis.b{r}.conv1.bias", np.empty(0)).size for r in sizes}
    base, most = _channels(file, widths)
    net = StyleGAN2Generator(
        style_dim=_count(file, "w_dim"),
        mapping_layers=_count(file, "mapping.num_layers"),
        mapping_lr=file.field("mapping.fc0.bias_gain", float, int),
        style_decay=file.field("mapping.w_avg_beta", float, int),
        channel_base=base,
        channel_max=most,
        low_precision=sum(file.field(f"synthesis.b{r}.use_fp16", bool) for r in sizes),
        clamp=file.field("synthesis.b4.conv1.conv_clamp", float, int, type(None)) or 0.0,
        clamp_all=True,
        image_shape=(size, size, _count(file, "img_channels")),
        num_classes=_count(file, "c_dim", 0),
    )
    latent_dim = _count(file, "z_dim")
    labels = jnp.zeros(1, jnp.int32) if net.num_classes else None
    leaves = _shapes(net, jnp.zeros((1, latent_dim)), labels)
    for r in sizes:
        for layer in ("up", "same")[r == SMALLEST :]:
            leaves["constants", "synthesize", f"{layer}_{r}", "noise"] = (r, r)
    return Loaded(net, _variables(file, leaves, _generator_name), latent_dim)


def _discriminator(file: NetworkFile) -> Loaded:
    size, classes = file.field("img_resolution", int), _count(file, "c_dim", 0)
    _check(file, "resnet")
    if file.field("b4.mbstd.num_channels", int) != 1:
        raise InputError(f"weights: {file.name}.b4.mbstd has other than 1 channel")
    if classes and file.field("mapping.fc0.bias_gain", float, int) != 0.01:
        raise InputError(f"weights: {file.name}.mapping has another learning rate than 0.01")
    sizes = _sizes(file, size)
    widths = {r: file.arrays.get(f"b{r}.conv0.bias", np.empty(0)).size for r in sizes[1:]}
    widths[SMALLEST] = file.arrays.get("b4.conv.bias", np.empty(0)).size
    base, most = _channels(file, widths)
    net = StyleGAN2Discriminator(
        channel_base=base,
        channel_max=most,
        mapping_layers=_count(file, "mapping.num_layers") if classes else 8,
        group=_count(file, "b4.mbstd.group_size"),
        low_precision=sum(file.field(f"b{r}.use_fp16", bool) for r in sizes[1:]),
        clamp=file.field("b4.conv.conv_clamp", float, int, type(None)) or 0.0,
        clamp_all=True,
        normalize_classes=not classes,
        image_shape=(size, size, _count(file, "img_channels")),
        num_classes=classes,
    )
    labels = jnp.zeros(1, jnp.int32) if classes else None
    leaves = _shapes(net, jnp.zeros((1, *net.image_shape)), labels)
    return Loaded(net, _variables(file, leaves, _discriminator_name))


def _count(file: NetworkFile, name: str, least: int = 1) -> int:
    """A number from the file, checked to be in the range that a network can have."""
    count, most = file.field(name, int), LAYERS if name.endswith("num_layers") else SIZES
    if not least <= count <= most:
        raise InputError(f"weights: {file.name}.{name} is {count}, and not in [{least}, {most}]")
    return count


def _sizes(file: NetworkFile, size: int) -> list[int]:
    """4, 8, ..., size."""
    if size < 8 or size & (size - 1) or size > 1 << 14:
        raise InputError(f"weights: {file.name} makes {size} px, and not a power of two from 8")
    return resolutions(size)


def _channels(file: NetworkFile, widths: dict[int, int]) -> tuple[int, int]:
    """``channel_base`` and ``channel_max`` for layers with those numbers of channels."""
    largest = max(widths)
    base, most = widths[largest] * largest, max(widths.values())
    if not most or any(width != min(base // r, most) for r, width in widths.items()):
        raise InputError(
            f"weights: the channels of {file.name} by resolution are {widths}, which"
            " channel_base and channel_max cannot say; is it another architecture than StyleGAN2's?"
        )
    return base, most


def _check(file: NetworkFile, architecture: str) -> None:
    """Checks the settings for which our nets have no field."""
    for name, value in file.fields.items():
        leaf = name.rpartition(".")[2]
        linear = leaf == "activation" and name.endswith(_LINEAR)
        wanted = {"architecture": architecture, "activation": "linear" if linear else "lrelu"}
        if leaf in wanted and value != wanted[leaf]:
            raise InputError(
                f"weights: {file.name}.{shown(name)} is {shown(str(value))}, and {wanted[leaf]} is"
                " what our net has"
            )
    filters = np.outer(TAPS, TAPS) / np.sum(TAPS) ** 2
    for name, array in file.arrays.items():
        if name.endswith("resample_filter") and (
            array.shape != filters.shape or not np.allclose(array, filters, atol=1e-6)
        ):
            raise InputError(f"weights: {file.name}.{shown(name)} is another filter than {TAPS}")


_LINEAR = (".affine.activation", "embed.activation", ".out.activation", ".skip.activation")


def _shapes(net: nn.Module, *inputs: Any) -> dict[Place, tuple[int, ...]]:
    """Shapes of a net's variables by path."""
    variables: Any = flatten_dict(jax.eval_shape(net.init, jax.random.key(0), *inputs))
    return {path: leaf.shape for path, leaf in variables.items()}


def _variables(
    file: NetworkFile, leaves: dict[Place, tuple[int, ...]], name_of: Callable[[Place], str]
) -> Variables:
    """The variable at each path, from the array named ``name_of(path)``; no array may remain."""
    names = {path: name_of(path) for path in leaves}
    found = {path: _placed(file, path, names[path], shape) for path, shape in leaves.items()}
    known = {*names.values()}
    for name in file.arrays:
        if name not in known and not name.endswith("resample_filter"):
            raise InputError(
                f"weights: {file.name} has an array {shown(name)}, which our net has not; is it"
                " another architecture than StyleGAN2's?"
            )
    return unflatten_dict(found)


def _placed(file: NetworkFile, path: Place, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of the file, in the layout of the variable at ``path``."""
    if path[-1] == "kernel" and len(shape) == 4:
        height, width, inputs, outputs = shape
        kernel = file.array(name, (outputs, inputs, height, width)).transpose(2, 3, 1, 0)
        new = kernel[::-1, ::-1] if path[-2].startswith("up_") else kernel
    elif path[-2:] == ("dense_4", "kernel") and path[0] == "params" and len(path) == 3:
        inputs, outputs = shape  # in ours, the pixels of the map precede its channels
        kernel = file.array(name, (outputs, inputs)).reshape(outputs, -1, SMALLEST, SMALLEST)
        new = kernel.transpose(2, 3, 1, 0).reshape(shape)
    elif path[-1] == "kernel":
        new = file.array(name, shape[::-1]).T
    elif path[-1] == "first":
        new = file.array(name, (shape[2], *shape[:2])).transpose(1, 2, 0)
    else:
        new = file.array(name, shape)
    return np.ascontiguousarray(new, np.float32).reshape(shape)


def _generator_name(path: Place) -> str:
    """The file's name for the generator's variable at ``path``."""
    collection, part, *layers, leaf = path
    if part == "map":
        return _mapping_name(layers, leaf)
    if leaf == "first":
        return "synthesis.b4.const"
    if leaf == "noise":
        leaf = "noise_const" if collection == "constants" else "noise_strength"
    layer, _, size = layers[0].rpartition("_")
    module = {"up": "conv0", "same": "conv1", "to_rgb": "torgb"}[layer]
    inner = ["affine"] if layers[1:] == ["style"] else []
    return ".".join([f"synthesis.b{size}", module, *inner, _LEAVES.get(leaf, leaf)])


def _discriminator_name(path: Place) -> str:
    """The file's name for the discriminator's variable at ``path``."""
    _, part, *layers, leaf = path
    if part == "mapping":
        return _mapping_name(layers, leaf)
    layer, _, size = part.rpartition("_")
    module = {
        "": "b4.out",
        "conv": "b4.conv",
        "dense": "b4.fc",
        "from_rgb": f"b{size}.fromrgb",
        "block": f"b{size}.{_BLOCK[layers[0] if layers else '']}",
    }[layer]
    return f"{module}.{_LEAVES[leaf]}"


def _mapping_name(layers: list[str], leaf: str) -> str:
    if leaf == "mean":
        return "mapping.w_avg"
    name = layers[0]
    if name != "embed":
        name = f"fc{int(name.removeprefix('dense_')) - 1}"
    return f"mapping.{name}.{_LEAVES[leaf]}"


_LEAVES = {"kernel": "weight", "bias": "bias"}
_BLOCK = {"": "conv1", "conv_1": "conv0", "skip": "skip"}
