"""A method of your own in one file: a variational autoencoder (Kingma and Welling 2014)."""

import math
from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jaxgan import Algorithm, Aux, Feature, Function, Player, TrainState, minimize
from jaxgan.data import Data
from jaxgan.metrics import Mean
from jaxgan.run.config import Evaluate, Run


@dataclass(frozen=True, kw_only=True)
class VAE:
    """Maximises the evidence lower bound E_q[log p(x|z)] - KL(q(z|x) || N(0, 1))."""

    latent_dim: int = 16
    hidden: int = 256
    lr: float = 1e-3

    def build(self, spec):
        image, tx = spec.features["image"], optax.adam(self.lr)
        encoder = nn.Sequential([nn.Dense(self.hidden), nn.relu, nn.Dense(2 * self.latent_dim)])
        decoder = nn.Sequential([nn.Dense(self.hidden), nn.relu, nn.Dense(math.prod(image.shape))])

        def init(key, batch):
            k1, k2 = jax.random.split(key)
            nets = {
                "encoder": encoder.init(k1, jnp.zeros((1, math.prod(image.shape)))),
                "decoder": decoder.init(k2, jnp.zeros((1, self.latent_dim))),
            }
            return TrainState.create({"vae": Player.create({"params": nets}, tx)})

        def posterior(weights, x):  # x in [0, 1] -> mean and log variance of q(z|x)
            net = weights["vae"]["params"]["encoder"]
            return jnp.split(encoder.apply(net, x.reshape(x.shape[0], -1)), 2, axis=-1)

        def logits_of(weights, z):  # z -> logits of the pixels of p(x|z)
            pixels = decoder.apply(weights["vae"]["params"]["decoder"], z)
            return pixels.reshape(-1, *image.shape)

        def negative_elbo(weights, batch, key):  # one number an example, in nats
            x = batch["image"] / 255.0
            mean, log_variance = posterior(weights, x)
            z = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape)
            distance = optax.sigmoid_binary_cross_entropy(logits_of(weights, z), x).sum((1, 2, 3))
            kl = 0.5 * (jnp.exp(log_variance) + mean**2 - 1.0 - log_variance).sum(1)
            return distance + kl, kl

        def loss(given, batch, key):
            bound, kl = negative_elbo(given.variables, batch, key)
            return bound.mean(), Aux({"kl": kl.mean()})

        # What a trained run can do, by name. Images go in and come out in [-1, 1].
        def encode(weights, inputs, key):
            return posterior(weights, (inputs["image"] + 1.0) / 2.0)[0]

        def reconstruct(weights, inputs, key):
            return 2.0 * nn.sigmoid(logits_of(weights, encode(weights, inputs, key))) - 1.0

        def sample(weights, inputs, key):
            z = jax.random.normal(key, (inputs["n"], self.latent_dim))
            return 2.0 * nn.sigmoid(logits_of(weights, z)) - 1.0

        functions = {
            "sample": Function(sample, (), image),
            "reconstruct": Function(reconstruct, ("image",), image, multiple=0),
            "encode": Function(encode, ("image",), Feature("array", (self.latent_dim,))),
        }

        def show(weights, batch, key):  # the columns of a sheet
            real = batch["image"] / 127.5 - 1.0
            again = reconstruct(weights, {"image": real}, key)
            drawn = sample(weights, {"n": len(real)}, key)
            return {"real": real, "reconstructed": again, "drawn": drawn}

        def measure(weights, batch, key):  # on held-out examples
            return {"negative_elbo": Mean.create().update(negative_elbo(weights, batch, key)[0])}

        return Algorithm(init, minimize("vae", loss, tx), functions, show, measure)


def config():
    data, measured = Data(held_out=0.1), Evaluate(metrics="none")  # by the method's own measure
    return Run(name="vae", algorithm=VAE(), data=data, evaluate=measured, steps=3000)
