"""U-Net, M-Net and the segmentation losses in PyTorch, with jaxgan's weights.

Parameters are NumPy arrays by path, such as ``DoubleConv_0/Layer_0/Conv_0/kernel``, as
``torch_parameters`` takes them. Images are NHWC NumPy arrays.
"""

import numpy as np
import torch
from torch.nn import functional


def torch_parameters(flat):
    """Kernels in PyTorch's order, all with gradients."""
    return {path: _ordered(path, np.asarray(x)).requires_grad_() for path, x in flat.items()}


def _ordered(path, x):
    if x.ndim == 4:  # PyTorch's transposed convolution flips the kernel; ours does not.
        x = x[::-1, ::-1].transpose(2, 3, 0, 1) if "Transpose" in path else x.transpose(3, 2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(x))


def gradients(parameters):
    """The gradients by path, in our order."""
    found = {}
    for path, x in parameters.items():
        g = x.grad.numpy()
        if g.ndim == 4:
            back = (2, 3, 0, 1) if "Transpose" in path else (2, 3, 1, 0)
            g = g.transpose(back)
            g = g[::-1, ::-1] if "Transpose" in path else g
        found[path] = g
    return found


class Nets:
    """Both nets in training mode, with batch norm, from one set of parameters."""

    def __init__(self, parameters, depth):
        self._p, self._depth = parameters, depth

    def _layer(self, x, path):
        x = functional.conv2d(x, self._p[f"{path}/Conv_0/kernel"], padding=1)
        norm = f"{path}/Normalize_0/BatchNorm_0"
        scale, bias = self._p[f"{norm}/scale"], self._p[f"{norm}/bias"]
        return functional.relu(
            functional.batch_norm(x, None, None, scale, bias, training=True, eps=1e-5)
        )

    def _double(self, x, i):
        return self._layer(self._layer(x, f"DoubleConv_{i}/Layer_0"), f"DoubleConv_{i}/Layer_1")

    def _up(self, x, i):
        path = f"Layer_{i}/ConvTranspose_0"
        kernel, bias = self._p[f"{path}/kernel"], self._p[f"{path}/bias"]
        return functional.conv_transpose2d(x, kernel, bias, stride=2)

    def _side(self, x, i, level):
        logits = functional.conv2d(x, self._p[f"Conv_{i}/kernel"], self._p[f"Conv_{i}/bias"])
        return functional.interpolate(logits, scale_factor=2**level, mode="nearest")

    def unet(self, images):
        """Logits, NCHW."""
        x, skips, depth = _nchw(images), [], self._depth
        for level in range(depth):
            skips.append(self._double(x, level))
            x = functional.max_pool2d(skips[-1], 2)
        x = self._double(x, depth)
        for i, skip in enumerate(reversed(skips)):
            x = self._double(torch.cat([skip, self._up(x, i)], 1), depth + 1 + i)
        return self._side(x, 0, 0)

    def mnet(self, images):
        """The logits of every output, NCHW."""
        image = x = _nchw(images)
        skips, sides, depth = [], [], self._depth
        for level in range(depth):
            if level:
                image = functional.avg_pool2d(image, 2)
                x = torch.cat([self._layer(image, f"Layer_{level - 1}"), x], 1)
            skips.append(self._double(x, level))
            x = functional.max_pool2d(skips[-1], 2)
        x = self._double(x, depth)
        for i, skip in enumerate(reversed(skips)):
            x = torch.cat([skip, self._up(x, depth - 1 + i)], 1)
            x = self._double(x, depth + 1 + i)
            sides.append(self._side(x, i, depth - 1 - i))
        return sides


def _nchw(images):
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def losses(logits, mask):
    """Cross-entropy, 1 - soft Dice and focal loss (gamma 2) of logits, NCHW."""
    true = torch.from_numpy(mask.astype(np.int64))
    if logits.shape[1] == 1:
        target = true[:, None].float()
        entropy = functional.binary_cross_entropy_with_logits(logits, target)
        p = torch.sigmoid(logits)
        p = torch.cat([1 - p, p], 1)
    else:
        entropy = functional.cross_entropy(logits, true)
        p = torch.softmax(logits, 1)
    y = functional.one_hot(true, p.shape[1]).permute(0, 3, 1, 2).float()
    pixels = (0, 2, 3)
    both, whole = (p * y).mean(pixels), p.mean(pixels) + y.mean(pixels)
    dice = 1 - ((2 * both + 1e-5) / (whole + 1e-5)).mean()
    of_true = (p * y).sum(1)
    return entropy, dice, (-((1 - of_true) ** 2) * torch.log(of_true)).mean()
