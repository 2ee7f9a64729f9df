"""VGG-16 and VGG-19 (Simonyan and Zisserman 2015), for feature maps and features."""

import jax
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.ops import Padding, pad

_BLOCKS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Number of convolutions in each block, by depth; a block ends with a 2x2 max pool."""


def convolutions(depth: int) -> list[str]:
    """Names of the convolutions, in order: "1_1", "1_2", "2_1" ... "5_3" (16) or "5_4" (19).

    Raises:
      InputError: the depth is another one.
    """
    if depth not in _BLOCKS:
        raise InputError(f"depth: VGG has 16 or 19 layers, not {depth}: use 16 or 19")
    blocks = enumerate(_BLOCKS[depth], 1)
    return [f"{block}_{i}" for block, count in blocks for i in range(1, count + 1)]


class VGG(nn.Module):
    """Blocks of k3 convolutions with ReLUs, then three dense layers; all float32, never trained.

    Layers are named conv1_1, conv1_2 ... and fc1 to fc3. With ``stop`` it takes images of any size.

    Reference: Simonyan and Zisserman 2015, table 1, columns D and E.
    """

    depth: int = 16
    """Number of layers with weights: 16 or 19."""
    padding: Padding = "zero"
    """Padding around the maps."""
    stop: str = ""
    """Name of the last map ("relu3_1"); later layers are not built. Empty: all layers up to the
    logits."""

    @nn.compact
    def __call__(
        self, images: Float[Array, "batch height width 3"]
    ) -> dict[str, Float[Array, "batch ..."]]:
        """(n, h, w, 3) to "relu1_1", "relu1_2" ... (n, h', w', c), "fc2", "logits".

        Images are in the scale of the weights. "fc2" is taken after its ReLU, (n, 4096): the
        features of precision and recall (Kynkaanniemi et al. 2019). "logits" is (n, 1000).

        Raises:
          InputError: the depth or ``stop`` is unknown, or images are not 224x224 and ``stop`` is
            empty.
        """
        self._check(images)
        maps, x = {}, images
        for place in convolutions(self.depth):
            if place.endswith("_1") and place != "1_1":
                x = nn.max_pool(x, (2, 2), (2, 2))
            x = maps[f"relu{place}"] = nn.relu(self._convolve(place, x))
            if self.stop == f"relu{place}":
                return maps
        return maps | self._classify(nn.max_pool(x, (2, 2), (2, 2)))

    def _convolve(self, place: str, x: jax.Array) -> jax.Array:
        width = min(64 << (int(place[0]) - 1), 512)
        x = pad(x, 1, self.padding)
        how = {"padding": "VALID", "precision": lax.Precision.HIGHEST, "name": f"conv{place}"}
        return nn.Conv(width, (3, 3), **how)(x)

    def _classify(self, x: jax.Array) -> dict[str, jax.Array]:
        """The dense layers, which read channels first, as the weights of Caffe and PyTorch do."""
        x = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)
        precision = lax.Precision.HIGHEST
        for name in ("fc1", "fc2"):
            x = nn.relu(nn.Dense(4096, precision=precision, name=name)(x))
        return {"fc2": x, "logits": nn.Dense(1000, precision=precision, name="fc3")(x)}

    def _check(self, images: jax.Array) -> None:
        maps = [f"relu{place}" for place in convolutions(self.depth)]
        if self.stop and self.stop not in maps:
            raise InputError(f"stop: VGG has no {self.stop!r}: use one of {', '.join(maps)}")
        if not self.stop and images.shape[1:3] != (224, 224):
            raise InputError(
                f"images: VGG's dense layers take 224x224 pixels, not "
                f"{images.shape[1]}x{images.shape[2]}: resize them, or set stop to {maps[-1]}"
            )
