"""The super-resolution nets in PyTorch, written from the papers: the reference of the tests.

Each net takes tensors by the names of jaxgan's parameters, in PyTorch's layouts. :func:`tensors`
converts parameters, and :func:`arrays` converts gradients back.
"""

import numpy as np
import torch
from torch.nn import functional as F


def tensors(params, path=()):
    """Trainable tensors in PyTorch's layouts."""
    if isinstance(params, dict):
        return {name: tensors(value, (*path, name)) for name, value in params.items()}
    return torch.tensor(_moved(np.asarray(params), path)).requires_grad_()


def arrays(found, path=()):
    """Gradients of such tensors, in jaxgan's layouts."""
    if isinstance(found, dict):
        return {name: arrays(value, (*path, name)) for name, value in found.items()}
    array = found.grad.numpy()
    if array.ndim == 2:
        return array.T
    if array.ndim == 4 and "ConvTranspose" in path[-2]:
        return array[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array


def _moved(array, path):
    if array.ndim == 2:
        return array.T.copy()
    if array.ndim == 4 and "ConvTranspose" in path[-2]:
        return array.transpose(2, 3, 0, 1)[:, :, ::-1, ::-1].copy()
    return array.transpose(3, 2, 0, 1).copy() if array.ndim == 4 else array.copy()


def conv(p, x, stride=1):
    return F.conv2d(x, p["kernel"], p.get("bias"), stride, p["kernel"].shape[-1] // 2)


def upsampler(p, x, scale, activate):
    for i, step in enumerate((2, 2) if scale == 4 else (scale,)):
        x = F.pixel_shuffle(conv(p[f"Conv_{i}"], x), step)
        x = F.prelu(x, p[f"PReLU_{i}"]["slope"]) if activate else x
    return x


def fsrcnn(p, x, net):
    for i in range(net.blocks + 3):
        x = F.prelu(conv(p[f"Conv_{i}"], x), p[f"PReLU_{i}"]["slope"])
    last, s = p["ConvTranspose_0"], net.scale
    return F.conv_transpose2d(x, last["kernel"], last["bias"], s, 4, s - 1)


def edsr(p, x, net):
    first = x = conv(p["Conv_0"], x)
    for i in range(net.blocks):
        inner = F.relu(conv(p[f"Conv_{2 * i + 1}"], x))
        x = x + net.residual_scale * conv(p[f"Conv_{2 * i + 2}"], inner)
    n = 2 * net.blocks
    x = upsampler(p["Upsampler_0"], first + conv(p[f"Conv_{n + 1}"], x), net.scale, False)
    return conv(p[f"Conv_{n + 2}"], x)


def wdsr(p, x, net):
    def normed(i, x):
        v, g = p[f"Conv_{i}"]["kernel"], p[f"WeightNorm_{i}"]["scale"]
        kernel = torch._weight_norm(v, g.reshape(-1, 1, 1, 1), 0)
        return conv({"kernel": kernel, "bias": p[f"Conv_{i}"]["bias"]}, x)

    images, x = x, normed(0, x)
    for i in range(net.blocks):
        wide = F.relu(normed(3 * i + 1, x))
        x = x + net.residual_scale * normed(3 * i + 3, normed(3 * i + 2, wide))
    n = 3 * net.blocks
    return F.pixel_shuffle(normed(n + 1, x) + normed(n + 2, images), net.scale)


def batch_norm(p, x):
    return F.batch_norm(x, None, None, p["scale"], p["bias"], training=True, eps=1e-5)


def srresnet(p, x, net):
    def normed(i, x):
        return batch_norm(p[f"Normalize_{i}"]["BatchNorm_0"], conv(p[f"Conv_{i + 1}"], x))

    first = x = F.prelu(conv(p["Conv_0"], x), p["PReLU_0"]["slope"])
    for i in range(net.blocks):
        inner = F.prelu(normed(2 * i, x), p[f"PReLU_{i + 1}"]["slope"])
        x = x + normed(2 * i + 1, inner)
    n = 2 * net.blocks
    x = upsampler(p["Upsampler_0"], first + normed(n, x), net.scale, True)
    return conv(p[f"Conv_{n + 2}"], x)


def discriminator(p, x, net):
    for i in range(8):
        layer = p[f"Layer_{i}"]
        x = conv(layer["Conv_0"], x, 1 + i % 2)
        x = batch_norm(layer["Normalize_0"]["BatchNorm_0"], x) if i else x
        x = F.leaky_relu(x, 0.2)
    x = x.mean((2, 3))
    x = F.leaky_relu(F.linear(x, p["Dense_0"]["kernel"], p["Dense_0"]["bias"]), 0.2)
    return F.linear(x, p["Dense_1"]["kernel"], p["Dense_1"]["bias"])[:, 0]


NETS = {
    "FSRCNN": fsrcnn,
    "EDSR": edsr,
    "WDSR": wdsr,
    "SRResNet": srresnet,
    "SRGANDiscriminator": discriminator,
}
