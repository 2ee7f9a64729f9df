"""Checks of a network's fields and inputs; each error is one line that says what is wrong."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, get_args

from flax import linen as nn

from jaxgan.errors import InputError
from jaxgan.typing import Image, Label


def check_choices(net: nn.Module) -> None:
    """Checks that the fields with finite choices (``norm``, ``initializer`` ...) hold one of them.

    Raises:
      InputError: for the first field that does not.
    """
    for field in fields(net):
        choices, value = get_args(field.type), getattr(net, field.name)
        literal = choices and all(isinstance(choice, str) for choice in choices)
        if literal and value not in choices:
            raise InputError(
                f"{role(net)}.{field.name}: {type(net).__name__} has no {value!r}: "
                f"use one of {', '.join(choices)}"
            )


def check_images(net: Any, images: Image) -> None:
    """Checks that the images have the network's ``image_shape``.

    Raises:
      InputError: they have another shape.
    """
    if images.shape[1:] != tuple(net.image_shape):
        raise InputError(
            f"image_shape: {type(net).__name__} is made for images of {tuple(net.image_shape)}, "
            f"not {images.shape[1:]}: use .clone(image_shape={images.shape[1:]})"
        )


def check_kind(net: Any, shape: tuple[int, ...]) -> None:
    """Checks that ``net`` is made for examples of that shape: for images, or for points.

    A network declares its kind by the derived field ``image_shape`` or ``point_shape``. A network
    without either takes anything.

    Raises:
      InputError: the kinds differ.
    """
    names, images = {field.name for field in fields(net)}, len(shape) == 3
    if ("point_shape" if images else "image_shape") in names:
        made, given = ("points", "images") if images else ("images", "points")
        rows = net.name in ("encoder", "decoder")
        dense = "RowEncoder and RowDecoder" if rows else "PointGenerator and PointDiscriminator"
        other = "a net for images" if images else dense
        raise InputError(
            f"{role(net)}: {type(net).__name__} is made for {made}, and the data are {given}: use"
            f" {other}"
        )


def read_labels(net: Any, labels: Label | None) -> Label | None:
    """The labels that ``net`` uses: None if its ``num_classes`` is 0, whatever it is given.

    Raises:
      InputError: the network needs labels and gets none.
    """
    if net.num_classes and labels is None:
        raise InputError(
            f"labels: {type(net).__name__} has num_classes={net.num_classes}: "
            "pass one label per sample, or set num_classes to 0"
        )
    return labels if net.num_classes else None


def class_norm_classes(net: Any) -> int:
    """``num_classes`` for a generator's norms: 0 unless they are class-conditional.

    Raises:
      InputError: the conditioning is class-conditional BatchNorm, but ``norm`` is another kind.
    """
    if net.conditioning != "class_norm" or not net.num_classes:
        return 0
    if net.norm != "batch":
        raise InputError(
            f"{role(net)}.norm: {type(net).__name__} with conditioning class_norm needs batch, "
            f"not {net.norm}: use batch, or conditioning embedding"
        )
    return net.num_classes


def doublings(net: Any, start: int, smallest: int) -> int:
    """The number of doublings from ``start`` to the image size.

    Args:
      net: network whose ``image_shape`` is used.
      start: side of the network's first (or last) feature map.
      smallest: smallest image side that the network takes.

    Raises:
      InputError: the image is not square, or its side is not a power of two from ``smallest``.
    """
    height, width, _ = net.image_shape
    larger = 1 << (max(height, width, smallest) - 1).bit_length()
    if height != width or height != larger:
        raise InputError(
            f"data.image_size: {type(net).__name__} makes powers of two from {smallest}, "
            f"not {_sides(height, width)}: use {larger}, or BookDCGANGenerator and "
            "BookDCGANDiscriminator (multiples of 4)"
        )
    return (larger // start).bit_length() - 1


def check_attention(net: Any, sides: Sequence[int]) -> None:
    """Checks that the field ``attention`` is the side of one of the network's feature maps, or 0.

    Raises:
      InputError: it is neither.
    """
    if net.attention and net.attention not in sides:
        raise InputError(
            f"{role(net)}.attention: {type(net).__name__} has no feature map of side"
            f" {net.attention}: use one of {', '.join(map(str, sides))}, or 0 for none"
        )


def quarters(net: Any) -> tuple[int, int]:
    """A quarter of the image's height and width.

    Raises:
      InputError: 4 does not divide both.
    """
    height, width, _ = net.image_shape
    if height < 4 or width < 4 or height % 4 or width % 4:
        raise InputError(
            f"data.image_size: {type(net).__name__} makes multiples of 4, "
            f"not {_sides(height, width)}: use {-(-max(height, width, 4) // 4) * 4}"
        )
    return height // 4, width // 4


def check_multiple(net: Any, images: Image, smallest: int) -> None:
    """Checks the images' sides against the network's ``multiple`` and its smallest side.

    Raises:
      InputError: the multiple does not divide them, or they are smaller.
    """
    sides, step = images.shape[1:3], net.multiple
    if min(sides) < smallest or any(side % step for side in sides):
        near = max(smallest, -(-max(sides) // step) * step)
        raise InputError(
            f"data.image_size: {type(net).__name__} takes multiples of {step} from {smallest}, "
            f"not {_sides(*sides)}: use {near}"
        )


def _sides(height: int, width: int) -> str:
    return f"{height}" if height == width else f"{height}x{width}"


def role(net: nn.Module) -> str:
    """The config field that holds the net, such as ``algorithm.critic``.

    A net that a method has built may have this name; otherwise the field follows from its class.
    """
    if net.name in _ROLES:
        return f"algorithm.{net.name}"
    ends = type(net).__name__.endswith
    return f"algorithm.{next((name for name in _ROLES if ends(name.capitalize())), _ROLES[-1])}"


_ROLES = ("net", "encoder", "decoder", "generator", "critic", "discriminator")
