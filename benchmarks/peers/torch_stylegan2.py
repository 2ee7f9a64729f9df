"""StyleGAN2 written for PyTorch from the papers: the reference of the tests.

Nets are functions of nested dicts of tensors with the names of jaxgan's layers. Modulation gives
each example its own kernel, in one grouped convolution. Resampling is a convolution of the
zero-stuffed image.
"""

import math

import jax
import numpy as np
import torch
from torch.nn import functional as F

FIR = torch.tensor(np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64, dtype=torch.float32)


def tensors(params):
    """jaxgan's parameters as leaves of autograd, kernels in PyTorch's order of the axes."""

    def leaf(x):
        x = np.asarray(x)
        axes = {4: (3, 2, 0, 1), 3: (2, 0, 1), 2: (1, 0)}.get(x.ndim)
        return torch.tensor(np.ascontiguousarray(x.transpose(axes))).requires_grad_()

    return jax.tree.map(leaf, params)


def arrays(tree):
    """The reverse of :func:`tensors`."""

    def leaf(x):
        axes = {4: (2, 3, 1, 0), 3: (1, 2, 0), 2: (1, 0)}.get(x.ndim)
        return x.detach().numpy().transpose(axes)

    return jax.tree.map(leaf, tree)


def to_torch(images):
    """NHWC to NCHW."""
    return torch.tensor(np.ascontiguousarray(np.asarray(images).transpose(0, 3, 1, 2)))


def blur(x, pad, gain=1.0):
    channels = x.shape[1]
    kernel = (gain * FIR).flip(0, 1).expand(channels, 1, 4, 4)
    return F.conv2d(F.pad(x, pad), kernel, groups=channels)


def stuff(x):
    """Inserts zeros between the pixels."""
    n, c, h, w = x.shape
    out = x.new_zeros(n, c, 2 * h - 1, 2 * w - 1)
    out[:, :, ::2, ::2] = x
    return out


def double(x):
    return blur(F.pad(stuff(x), (0, 1, 0, 1)), (2, 1, 2, 1), 4.0)


def halve(x):
    return blur(x, (1, 1, 1, 1))[:, :, ::2, ::2]


def dense(layer, x, multiplier=1.0):
    weight = multiplier / math.sqrt(x.shape[1]) * layer["kernel"]
    return F.linear(x, weight, multiplier * layer["bias"])


def lrelu(x):
    return math.sqrt(2) * F.leaky_relu(x, 0.2)


def unit(x):
    return x / torch.sqrt(x.square().mean(1, keepdim=True) + 1e-8)


def mapping(net, z, labels=None, classes=0):
    parts = [] if z is None else [unit(z)]
    if classes:
        parts.append(unit(dense(net["embed"], F.one_hot(labels, classes).float())))
    w = torch.cat(parts, 1)
    for name in sorted(name for name in net if name.startswith("dense")):
        w = lrelu(dense(net[name], w, 0.01))
    return w


def modulated(layer, x, w, demodulate, up=False):
    n, c = x.shape[:2]
    style = dense(layer["style"], w)
    out, _, k, _ = layer["kernel"].shape
    kernel = layer["kernel"][None] / math.sqrt(c * k * k) * style[:, None, :, None, None]
    if demodulate:
        kernel = kernel / torch.sqrt(kernel.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    x = stuff(x) if up else x
    x = x.reshape(1, n * c, *x.shape[2:])
    x = F.conv2d(x, kernel.reshape(n * out, c, k, k), padding=2 if up else k // 2, groups=n)
    x = x.reshape(n, out, *x.shape[2:])
    return blur(x, (1, 1, 1, 1), 4.0) if up else x


def styled(layer, x, w, noise, up=False):
    x = modulated(layer, x, w, True, up) + layer["noise"] * noise
    return lrelu(x + layer["bias"].view(1, -1, 1, 1))


def synthesis(net, ws, noise, size):
    """Images for styles (n, layers, size), with noise by layer name."""
    x = net["first"].expand(len(ws), -1, -1, -1)
    x = styled(net["same_4"], x, ws[:, 0], noise["same_4"])
    rgb = net["to_rgb_4"]
    image = modulated(rgb, x, ws[:, 1], False) + rgb["bias"].view(1, -1, 1, 1)
    i, r = 1, 8
    while r <= size:
        x = styled(net[f"up_{r}"], x, ws[:, i], noise[f"up_{r}"], True)
        x = styled(net[f"same_{r}"], x, ws[:, i + 1], noise[f"same_{r}"])
        rgb = net[f"to_rgb_{r}"]
        own = modulated(rgb, x, ws[:, i + 2], False) + rgb["bias"].view(1, -1, 1, 1)
        image, i, r = double(image) + own, i + 2, 2 * r
    return image


def generator(net, draws, size, classes=0):
    """G's images and their styles."""
    labels = draws.get("labels")
    w, other = (mapping(net["map"], z, labels, classes) for z in draws["z"])
    layers = torch.arange(2 * (size.bit_length() - 2))
    ws = torch.where(
        (layers[None] < draws["first"][:, None])[..., None], w[:, None], other[:, None]
    )
    return synthesis(net["synthesize"], ws, draws["noise"], size), ws


def convolved(layer, x):
    kernel = layer["kernel"]
    weight = kernel / math.sqrt(math.prod(kernel.shape[1:]))
    return F.conv2d(x, weight, layer.get("bias"), padding=kernel.shape[2] // 2)


def discriminator(net, images, labels=None, classes=0, group=4):
    size = images.shape[2]
    x = lrelu(convolved(net[f"from_rgb_{size}"], images))
    while size > 4:
        block = net[f"block_{size}"]
        skip = convolved(block["skip"], halve(x))
        y = blur(lrelu(convolved(block["conv_1"], x)), (2, 2, 2, 2))
        weight = block["kernel"] / math.sqrt(math.prod(block["kernel"].shape[1:]))
        y = lrelu(F.conv2d(y, weight, block["bias"], stride=2))
        x, size = (skip + y) / math.sqrt(2), size // 2
    groups = x.view(group, -1, *x.shape[1:])
    sigma = torch.sqrt(groups.var(0, unbiased=False) + 1e-8).mean((1, 2, 3))
    channel = sigma.repeat(group).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    x = lrelu(convolved(net["conv_4"], torch.cat([x, channel], 1)))
    x = lrelu(dense(net["dense_4"], x.permute(0, 2, 3, 1).flatten(1)))
    out = dense(net["output"], x)
    if not classes:
        return out[:, 0]
    y = unit(mapping(net["mapping"], None, labels, classes))
    return (out * y).sum(1) / math.sqrt(out.shape[1])


def discriminator_loss(real_logits, fake_logits):
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def r1(net, real, labels, classes):
    real = real.clone().requires_grad_()
    logits = discriminator(net, real, labels, classes)
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def path_lengths(images, ws, noise):
    y = noise / math.sqrt(images.shape[2] * images.shape[3])
    (gradient,) = torch.autograd.grad((images * y).sum(), ws, create_graph=True)
    return gradient.square().sum(2).mean(1).sqrt()


def leaves(tree):
    return jax.tree.leaves(tree)


def descend(tree, loss, lr):
    """One update along the negative gradient; returns the gradient norm."""
    parameters = leaves(tree)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    with torch.no_grad():
        for p, g in zip(parameters, gradients, strict=True):
            if g is not None:
                p -= lr * g
    return math.sqrt(sum(g.square().sum().item() for g in gradients if g is not None))
