"""BigGAN's nets in PyTorch, as functions of jaxgan's parameters (Brock et al. 2019, appendix B).

The order of operations is the paper's figure 15: shortcuts are computed at the larger size.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


class Player:
    """A player's parameters, with gradients, and its vectors of spectral normalization."""

    def __init__(self, variables: Any):
        self.params = _tensors(variables["params"], True)
        self.spectral = _tensors(variables["spectral"], False)

    def scope(self, *path: str) -> tuple[Any, Any]:
        """The parameters and vectors below a path."""
        params, spectral = self.params, self.spectral
        for name in path:
            params, spectral = params[name], spectral.get(name, {})
        return params, spectral


def _tensors(tree: Any, grad: bool) -> Any:
    if isinstance(tree, dict):
        return {name: _tensors(value, grad) for name, value in tree.items()}
    return torch.tensor(tree, requires_grad=grad)


def _unit(x: Tensor) -> Tensor:
    return x / (x.norm() + 1e-12)


def _normalized(kernel: Tensor, vectors: dict[str, Tensor]) -> Tensor:
    """W / sigma(W) after one power iteration on W as (out, rest)."""
    w = kernel.reshape(-1, kernel.shape[-1]).T
    with torch.no_grad():
        vectors["v"] = _unit(w.T @ vectors["u"])
        vectors["u"] = _unit(w @ vectors["v"])
    return kernel / (vectors["u"] @ (w @ vectors["v"]))


def _conv(net: Player, path: tuple[str, ...], x: Tensor) -> Tensor:
    params, spectral = net.scope(*path)
    layer = params["Conv_0"]
    kernel = _normalized(layer["kernel"], spectral["SpectralNorm_0"]).permute(3, 2, 0, 1)
    return F.conv2d(x, kernel, layer["bias"], padding=kernel.shape[-1] // 2)


def _standardized(x: Tensor) -> Tensor:
    mean = x.mean((0, 2, 3), keepdim=True)
    return (x - mean) / (x.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()


def _conditional(net: Player, path: tuple[str, ...], x: Tensor, condition: Tensor) -> Tensor:
    params, spectral = net.scope(*path)
    gain = condition @ _normalized(params["gain"]["kernel"], spectral["SpectralNorm_0"])
    bias = condition @ _normalized(params["bias"]["kernel"], spectral["SpectralNorm_1"])
    return (1 + gain)[:, :, None, None] * _standardized(x) + bias[:, :, None, None]


def _block(net: Player, name: str, x: Tensor, how: str, condition: Tensor | None = None) -> Tensor:
    up = {"up": lambda t: F.interpolate(t, scale_factor=2)}.get(how, lambda t: t)
    down = {"down": lambda t: F.avg_pool2d(t, 2)}.get(how.split()[0], lambda t: t)
    y = x
    if condition is not None:
        y = _conditional(net, (name, "norm_1"), y, condition)
    y = y if "first" in how else y.relu()
    y = _conv(net, (name, "conv_1"), up(y))
    if condition is not None:
        y = _conditional(net, (name, "norm_2"), y, condition)
    y = down(_conv(net, (name, "conv_2"), y.relu()))
    if "shortcut" in net.params[name]:
        x = down(_conv(net, (name, "shortcut"), up(x)))
    return x + y


def _attend(net: Player, x: Tensor) -> Tensor:
    params, spectral = net.scope("SelfAttention_0")
    names = ("query", "key", "value", "output")
    kernels = {
        name: _normalized(params[name]["kernel"], spectral[f"SpectralNorm_{i}"])[0, 0]
        for i, name in enumerate(names)
    }

    def project(name: str, x: Tensor) -> Tensor:
        return torch.einsum("nchw,cd->ndhw", x, kernels[name])

    query = project("query", x).flatten(2)
    key, value = (F.max_pool2d(project(name, x), 2).flatten(2) for name in ("key", "value"))
    weights = torch.softmax(torch.einsum("nci,ncj->nij", query, key), -1)
    o = torch.einsum("nij,ncj->nci", weights, value).reshape(len(x), -1, *x.shape[2:])
    return x + params["gamma"] * project("output", o)


def generator(net: Player, z: Tensor, labels: Tensor, blocks: int, attention: int) -> Tensor:
    """G's images, NCHW, with BatchNorm in training mode."""
    first, *parts = z.chunk(blocks + 1, dim=1)
    classes = net.params["Embed_0"]["embedding"][labels]
    kernel = _normalized(net.params["Dense_0"]["kernel"], net.spectral["SpectralNorm_0"])
    x = first @ kernel + net.params["Dense_0"]["bias"]
    x = x.reshape(len(z), 4, 4, -1).permute(0, 3, 1, 2)
    for i, part in enumerate(parts):
        x = _block(net, f"BigGANBlock_{i}", x, "up", torch.cat([part, classes], 1))
        x = _attend(net, x) if x.shape[-1] == attention else x
    norm = net.params["BatchNorm_0"]
    x = _standardized(x) * norm["scale"][:, None, None] + norm["bias"][:, None, None]
    return _conv(net, ("output",), x.relu()).tanh()


def discriminator(
    net: Player, images: Tensor, labels: Tensor, downs: int, blocks: int, attention: int
) -> Tensor:
    """Scores (n,) of NCHW images."""
    x = images
    for i in range(blocks):
        how = ("down" if i < downs else "same") + (" first" if i == 0 else "")
        x = _block(net, f"BigGANBlock_{i}", x, how)
        x = _attend(net, x) if x.shape[-1] == attention and i < downs else x
    phi = x.relu().sum((2, 3))
    kernel = _normalized(net.params["Dense_0"]["kernel"], net.spectral["SpectralNorm_0"])
    params, spectral = net.scope("Projection_0")
    embed = _normalized(params["Embed_0"]["embedding"], spectral["SpectralNorm_0"])
    return (phi @ kernel + net.params["Dense_0"]["bias"])[:, 0] + (embed[labels] * phi).sum(1)
