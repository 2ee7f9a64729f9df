"""The feature networks in PyTorch, and random weights that keep their activations alive.

Images and maps are NHWC NumPy arrays on both sides.
"""

import functools
from unittest import mock

import numpy as np
import torch
from torch.nn import functional

from benchmarks.peers import torchvision_cpu  # noqa: F401  # isort: skip
import pytorch_fid.inception
import torchvision
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

TAPS = ["64", "192", "768", "2048", "logits_unbiased", "logits"]


def to_torch(images):
    return torch.from_numpy(np.ascontiguousarray(np.transpose(images, (0, 3, 1, 2))))


def from_torch(maps):
    return np.moveaxis(maps.numpy(), 1, -1)


def blobs(side, count=2, seed=0):
    """Smooth random images, whose spatial means vary more than those of noise."""
    rng = np.random.default_rng(seed)
    small = torch.from_numpy(rng.uniform(0, 255, (count, 3, 5, 5)))
    large = functional.interpolate(small, (side, side), mode="bicubic").clip(0, 255)
    return np.moveaxis(large.numpy(), 1, -1).round().astype(np.uint8)


def random_state(shapes, seed=0):
    """Random tensors that preserve the scale of activations through any number of ReLUs."""
    rng = np.random.default_rng(seed)

    def tensor(name, shape):
        if name.endswith("num_batches_tracked"):
            return np.array(1)
        if name.endswith("running_var"):
            return rng.uniform(0.5, 1.5, shape)
        if name.endswith("bn.weight"):
            return rng.uniform(0.8, 1.2, shape)
        spread = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
        return np.float32(spread) * rng.standard_normal(shape, np.float32)

    state = {name: tensor(name, shape) for name, shape in shapes.items()}
    return {
        name: value if value.ndim == 0 else value.astype(np.float32)
        for name, value in state.items()
    }


def shapes_of(make, *args, **kwargs):
    with torch.device("meta"):
        return {name: tuple(x.shape) for name, x in make(*args, **kwargs).state_dict().items()}


def tensors(state):
    return {name: torch.from_numpy(np.asarray(value)) for name, value in state.items()}


@functools.cache
def inception_state():
    how = {"num_classes": 1008, "aux_logits": False, "weights": None}
    return random_state(shapes_of(pytorch_fid.inception._inception_v3, **how))


def torch_fidelity_inception(path, images):
    """All taps of torch-fidelity's net, which takes uint8 images of any size."""
    torch.save(tensors(inception_state()), path)
    net = FeatureExtractorInceptionV3("inception", TAPS, str(path))
    with torch.no_grad():
        return dict(zip(TAPS, (x.numpy() for x in net(to_torch(images))), strict=True))


def pytorch_fid_inception(images, **how):
    """pytorch-fid's four taps, averaged over positions."""
    download = mock.Mock(return_value=tensors(inception_state()))
    with mock.patch.object(pytorch_fid.inception, "load_state_dict_from_url", download):
        net = pytorch_fid.inception.InceptionV3([0, 1, 2, 3], **how).eval()
    with torch.no_grad():
        maps = net(to_torch(images))
    return {str(x.shape[1]): x.mean((2, 3)).numpy() for x in maps}


def squeezenet_state():
    shapes = {"conv1/w": (96, 3, 7, 7), "conv1/b": (96,)}
    width = 96
    for place, squeeze in zip(range(2, 10), (16, 16, 32, 32, 48, 48, 64, 64), strict=True):
        for layer, shape in {
            "squeeze1x1": (squeeze, width, 1, 1),
            "expand1x1": (4 * squeeze, squeeze, 1, 1),
            "expand3x3": (4 * squeeze, squeeze, 3, 3),
        }.items():
            shapes[f"fire{place}/{layer}/w"] = shape
            shapes[f"fire{place}/{layer}/b"] = shape[:1]
        width = 8 * squeeze
    return random_state(shapes | {"conv10/w": (1000, width, 1, 1), "conv10/b": (1000,)})


def squeezenet(state, images):
    """Features and logits of SqueezeNet, from BGR minus the mean."""
    state = tensors(state)

    def conv(x, name, **how):
        return functional.relu(functional.conv2d(x, state[f"{name}/w"], state[f"{name}/b"], **how))

    x = conv(to_torch(images), "conv1", stride=2)
    for place in range(2, 10):
        if place in (2, 5, 9):
            x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        x = conv(x, f"fire{place}/squeeze1x1")
        wide = conv(x, f"fire{place}/expand3x3", padding=1)
        x = torch.cat([conv(x, f"fire{place}/expand1x1"), wide], 1)
    logits = conv(x, "conv10", padding=1)
    return x.mean((2, 3)).numpy(), logits.mean((2, 3)).numpy()


def vgg19_state():
    """Random weights in the form of the normalised VGG-19 file, up to conv3_1."""
    shapes = {"preproc/w": (3, 3, 1, 1), "preproc/b": (3,)}
    width = 3
    for name, new in (("1_1", 64), ("1_2", 64), ("2_1", 128), ("2_2", 128), ("3_1", 256)):
        shapes |= {f"conv{name}/w": (new, width, 3, 3), f"conv{name}/b": (new,)}
        width = new
    return random_state(shapes)


def vgg19_maps(state, images):
    """Feature maps of the normalised VGG-19 file, with reflection padding."""
    state, x, maps = tensors(state), to_torch(images), {}
    for place in ("1_1", "1_2", "2_1", "2_2", "3_1"):
        if place in ("2_1", "3_1"):
            x = functional.max_pool2d(x, 2)
        x = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        x = functional.conv2d(x, state[f"conv{place}/w"], state[f"conv{place}/b"]).relu()
        maps[f"relu{place}"] = from_torch(x)
    return maps


def torchvision_vgg(depth, layers="features"):
    """Torchvision's VGG, or only its convolutions, with random weights: (net, state)."""
    make = {16: torchvision.models.vgg16, 19: torchvision.models.vgg19}[depth]
    with torch.device("meta"):
        net = make()
    shapes = {name: tuple(x.shape) for name, x in net.state_dict().items()}
    state = random_state({k: s for k, s in shapes.items() if k.startswith(layers)})
    net.load_state_dict(tensors(state), strict=False, assign=True)
    return net.eval(), state


def torchvision_maps(net, images):
    """The maps after each ReLU, in order."""
    x, maps = to_torch(images), []
    with torch.no_grad():
        for layer in net.features:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                maps.append(from_torch(x.clone()))
    return maps


def torchvision_classes(net, images):
    """fc2 after its ReLU, and the logits, for uint8 images of 224 pixels."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    with torch.no_grad():
        x = torchvision.transforms.functional.normalize(to_torch(images) / 255, mean, std)
        x = net.avgpool(net.features(x)).flatten(1)
        fc2 = net.classifier[:5](x)
        return fc2.numpy(), net.classifier[5:](fc2).numpy()
