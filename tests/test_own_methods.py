"""Methods of other kinds, each in a few lines, through the one loop and the one contract."""

from dataclasses import dataclass, replace

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

from jaxgan import Algorithm, Aux, Function, Player, TrainState, minimize
from jaxgan.data import Data
from jaxgan.metrics import Confusion, Mean
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample
from jaxgan.run.logging import read_records
from jaxgan.run.loop import train
from jaxgan.run.opened import open_run
from jaxgan.system.devices import Devices


class Dense(nn.Module):
    """A layer on the last axis."""

    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


def trained(spec, net, shape, loss, functions, show, measure, rate):
    """The algorithm of one net under one loss."""
    tx = optax.adam(rate)

    def init(key, batch):
        return TrainState.create({"net": Player.create(net.init(key, jnp.zeros((1, *shape))), tx)})

    return Algorithm(init, minimize("net", loss, tx), functions, show, measure)


@dataclass(frozen=True)
class Segmenter:
    """Class logits of each pixel from the pixel alone."""

    def build(self, spec):
        image, mask = spec.features["image"], spec.features["mask"]
        net = Dense(mask.classes)

        def logits(weights, batch):
            return net.apply(weights["net"], batch["image"] / 127.5 - 1.0)

        def loss(given, batch, key):
            of_class = optax.softmax_cross_entropy_with_integer_labels(
                logits(given.variables, batch), batch["mask"].astype(jnp.int32)
            )
            return of_class.mean(), Aux()

        def segment(weights, inputs, key):
            return net.apply(weights["net"], inputs["image"]).argmax(-1)

        def show(weights, batch, key):
            found = segment(weights, {"image": batch["image"] / 127.5 - 1.0}, key)
            grey = found[..., None] * (2.0 / (mask.classes - 1)) - 1.0
            return {"image": batch["image"] / 127.5 - 1.0, "mask": jnp.tile(grey, 3)}

        def measure(weights, batch, key):
            confusion = Confusion.create(mask.classes)
            return {"segment": confusion.update(logits(weights, batch), batch["mask"])}

        functions = {"segment": Function(segment, ("image",), mask)}
        return trained(spec, net, image.shape, loss, functions, show, measure, 0.1)


@dataclass(frozen=True)
class Regression:
    """A linear map from one array to another."""

    takes: str
    gives: str

    def build(self, spec):
        x, y = spec.features[self.takes], spec.features[self.gives]
        net = Dense(int(np.prod(y.shape)))

        def predict(weights, inputs, key):
            flat = inputs[self.takes].reshape(-1, int(np.prod(x.shape)))
            return net.apply(weights["net"], flat).reshape(-1, *y.shape)

        def error(weights, batch):
            difference = predict(weights, batch, None) - batch[self.gives]
            return jnp.square(difference).reshape(difference.shape[0], -1).mean(1)

        def loss(given, batch, key):
            return error(given.variables, batch).mean(), Aux()

        def show(weights, batch, key):
            if len(y.shape) < 2:
                return {}
            forecast = predict(weights, batch, key)
            return {"real": batch[self.gives][..., 0], "forecast": forecast[..., 0]}

        def measure(weights, batch, key):
            return {"mse": Mean.create().update(error(weights, batch))}

        functions = {"predict": Function(predict, (self.takes,), y)}
        shape = (int(np.prod(x.shape)),)
        return trained(spec, net, shape, loss, functions, show, measure, 0.05)


def run_of(algorithm, data, out, **fields):
    every = {"checkpoint": Checkpoint(every=50), "sample": Sample(every=100), "log": Log(every=10)}
    evaluate = Evaluate(metrics="none", every=50)
    run = Run(algorithm=algorithm, data=data, steps=100, out=str(out), evaluate=evaluate, **every)
    return replace(run, **fields)


def config_file(folder, kind):
    """A config that names the method, as a user would give one to a command."""
    path = folder / "method.py"
    path.write_text(
        f"from tests.test_own_methods import *\nconfig = lambda: Run(algorithm={kind})\n"
    )
    return str(path)


@pytest.fixture
def masks(tmp_path):
    """Red where the class is 1: images of many sizes and their masks."""
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for i in range(24):
        size = (16 + i % 3, 20)
        mask = (rng.random((4, 5)) < 0.5).astype(np.uint8).repeat(5, 0).repeat(4, 1)[: size[0]]
        image = np.stack([mask * 200, np.full_like(mask, 90), mask * 0], -1)
        Image.fromarray(image).save(tmp_path / "images" / f"{i:02}.png")
        Image.fromarray(mask * 255).save(tmp_path / "masks" / f"{i:02}.png")
    return tmp_path


@pytest.mark.peers
def test_a_segmenter_learns_masks_end_to_end(masks, tmp_path, capsys):
    source = f"masks:{masks / 'images'},{masks / 'masks'}"
    augment = {"image_size": 12, "crop": 3, "flip": True, "jitter": 0.1}
    data = Data(source=source, batch_size=8, held_out=0.25, **augment)
    out = tmp_path / "run"
    train(run_of(Segmenter(), data, out), devices=Devices(1))
    said = capsys.readouterr().out
    assert "18 examples to train on, 6 held out" in said
    assert "%" in said  # the share of each class
    records = read_records(out / "metrics.jsonl")
    (name,) = {n for r in records for n in r if "iou" in n.lower() and "mean" in n.lower()}
    assert [r[name] for r in records if name in r][-1] > 0.9
    opened = open_run(out, config_file=config_file(tmp_path, "Segmenter()"))
    image = np.asarray(Image.open(masks / "images" / "00.png"))
    truth = np.asarray(Image.open(masks / "masks" / "00.png")) // 255
    found = opened.apply("segment", image[None])[0]
    assert (found == truth).mean() > 0.95
    assert (out / "samples.png").is_file()


def test_a_table_is_standardised_by_its_training_part_and_predicted_in_its_units(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal((100.0, -3.0), (20.0, 0.5), (200, 2))
    y = 5000.0 + 10.0 * x[:, 0] - 300.0 * x[:, 1]
    lines = [f"{a:.6f},{b:.6f},{c:.6f}" for (a, b), c in zip(x, y, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join(["width,depth,price", *lines]) + "\n")
    data = Data(source=f"table:{tmp_path / 'table.csv'}", target="price", batch_size=20)
    out = tmp_path / "run"
    run = run_of(Regression("row", "target"), replace(data, fold=(2, 4)), out)
    train(run, devices=Devices(1))
    measured = [r["mse"] for r in read_records(out / "metrics.jsonl") if "mse" in r]
    assert measured[-1] < 0.01
    opened = open_run(out, config_file=config_file(tmp_path, 'Regression("row", "target")'))
    predicted = opened.apply("predict", x[:5].astype(np.float32))
    np.testing.assert_allclose(np.ravel(predicted), y[:5], rtol=0.02)
    mean = opened.scaling["row"].mean
    assert not np.allclose(mean, x.mean(0), rtol=1e-6)  # the held-out fold had no say
    np.testing.assert_allclose(mean, x.mean(0), rtol=0.1)


def test_a_series_is_forecast_in_its_units_and_shown_as_curves(tmp_path):
    t = np.arange(400)
    waves = 50.0 + 10.0 * np.stack([np.sin(t / 5), np.cos(t / 5)], 1)
    lines = [f"{i},{a:.6f},{b:.6f}" for i, (a, b) in zip(t, waves, strict=True)]
    (tmp_path / "series.csv").write_text("\n".join(["time,sine,cosine", *lines]) + "\n")
    source = f"series:{tmp_path / 'series.csv'}"
    data = Data(source=source, past=16, future=4, batch_size=32, held_out=0.2, on_device=True)
    out = tmp_path / "run"
    train(run_of(Regression("past", "future"), data, out), devices=Devices(1))
    measured = [r["mse"] for r in read_records(out / "metrics.jsonl") if "mse" in r]
    assert measured[-1] < 0.05
    opened = open_run(out, config_file=config_file(tmp_path, 'Regression("past", "future")'))
    forecast = opened.apply("predict", waves[None, 100:116].astype(np.float32))
    np.testing.assert_allclose(forecast[0], waves[116:120], atol=3.0)
    assert Image.open(out / "samples.png").size[0] > 100  # curves
