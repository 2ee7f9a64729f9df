"""Methods for the tests of runs: one that grows, and one with frozen weights."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.core import (
    Algorithm,
    Aux,
    Feature,
    Frozen,
    Function,
    Leg,
    Player,
    TrainState,
    chain,
    ema,
    minimize,
    show_nothing,
)
from jaxgan.core.sharding import draw
from jaxgan.data.config import Data
from jaxgan.ops.pixels import to_float
from jaxgan.run.config import Checkpoint, Log, Run, Sample

CODE = 4


def resized(x, size):
    return jax.image.resize(x, (x.shape[0], size, size, 1), "linear")


def init_net(size):
    def init(key, batch):
        keys = jax.random.split(key, 3)
        params = {
            "encode": jax.random.normal(keys[0], (64, CODE)) / 8,
            "decode": jax.random.normal(keys[1], (CODE, 64)),
        }
        if size > 8:
            params["fine"] = 0.1 * jax.random.normal(keys[2], (CODE, size**2))
        del batch
        player = Player.create({"params": params}, optax.adam(1e-2), average=True)
        return TrainState.create({"net": player})

    return init


def encoded(params, images):
    return resized(images, 8).reshape(-1, 64) @ params["encode"]


def decoded(params, code, size):
    image = resized((code @ params["decode"]).reshape(-1, 8, 8, 1), size)
    if "fine" in params:
        image = image + (code @ params["fine"]).reshape(-1, size, size, 1)
    return jnp.tanh(image)


def autoencoder(size, frozen=None):
    """A denoising autoencoder of square images, whose ``sample`` decodes normal codes."""

    def loss(given, batch, key):
        params, images = given.variables["net"]["params"], to_float(batch["image"])
        noise = draw(jax.random.normal, key, (images.shape[0], CODE))
        code = encoded(params, images) + 0.1 * noise
        value = jnp.mean((decoded(params, code, size) - images) ** 2)
        if given.frozen:
            value = value + 1e-3 * jnp.mean((code @ given.frozen["teacher"]["w"]) ** 2)
        return value, Aux()

    def sample(weights, inputs, key):
        code = draw(jax.random.normal, key, (inputs["n"], CODE))
        return decoded(weights["net"]["params"], code, size)

    def reconstruct(weights, inputs, key):
        del key
        params = weights["net"]["params"]
        return decoded(params, encoded(params, inputs["image"]), size)

    def show(weights, batch, key):
        images = to_float(batch["image"])
        samples = sample(weights, {"n": 8}, key).reshape(4, 2, size, size, 1)
        again = reconstruct(weights, {"image": images}, key)
        return {"samples": samples, "image": images, "again": again}

    image = Feature("image", (size, size, 1))
    return Algorithm(
        init_net(size),
        chain(minimize("net", loss, optax.adam(1e-2)), ema("net", 0.9)),
        {
            "sample": Function(sample, (), image),
            "reconstruct": Function(reconstruct, ("image",), image),
        },
        show,
        frozen=frozen or {},
    )


@dataclass(frozen=True, kw_only=True)
class Growing:
    """Grows from 8 to 16 px."""

    split: int = 4

    def build(self, spec):
        rest = spec.steps - self.split
        small = Leg(autoencoder(8), self.split, {"image_size": 8})
        return [small, Leg(autoencoder(16), rest, {"batch_size": 4})]


@dataclass(frozen=True, kw_only=True)
class Taught:
    """Has a frozen matrix from a file."""

    file: str

    def build(self, spec):
        del spec
        data = Path(self.file).read_bytes()
        weights = {"w": np.frombuffer(data, np.float32).reshape(CODE, -1)}
        frozen = Frozen(weights, self.file, hashlib.sha256(data).hexdigest())
        return autoencoder(8, {"teacher": frozen})


@dataclass(frozen=True, kw_only=True)
class Silent:
    """Has no functions and shows nothing."""

    def build(self, spec):
        del spec
        return autoencoder(8)._replace(functions={}, show=show_nothing)


def write_weights(path, seed=0, columns=50_000):
    rng = np.random.default_rng(seed)
    path.write_bytes(rng.normal(size=(CODE, columns)).astype(np.float32).tobytes())
    return str(path)


def run_of(algorithm, out, size=8, **fields):
    """A run of 8 steps on digits."""
    default = {
        "data": Data(source="digits", image_size=size, batch_size=8),
        "steps": 8,
        "steps_per_call": 1,
        "checkpoint": Checkpoint(every=2),
        "sample": Sample(every=100),
        "log": Log(every=2),
    }
    return Run(algorithm=algorithm, out=str(out), **{**default, **fields})


def growing(out, **fields):
    """A run that grows at step 4."""
    return run_of(Growing(), out, 16, **fields)
