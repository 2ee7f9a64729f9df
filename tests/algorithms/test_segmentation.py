"""Segmentation: what it reports, measures and refuses, and a run end to end."""

import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics
from PIL import Image

from jaxgan.algorithms import Adam, Segmentation
from jaxgan.core import Feature, Given, Spec
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.losses.segmentation import cross_entropy, soft_dice
from jaxgan.nets import MNet, PatchGAN, UNet
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample
from jaxgan.run.logging import read_records
from jaxgan.run.loop import train
from jaxgan.run.opened import open_run
from jaxgan.system.devices import Devices
from tests.small import MASKS

TWO = Spec({"image": Feature("image", (8, 8, 3)), "mask": Feature("mask", (8, 8), 2)}, 20)
KEY = jax.random.key(0)


def batch_of(spec, size=4):
    rng = np.random.default_rng(0)
    classes = spec.features["mask"].classes
    return {
        "image": rng.integers(0, 256, (size, 8, 8, 3)).astype(np.uint8),
        "mask": rng.integers(0, classes, (size, 8, 8)).astype(np.uint8),
    }


@pytest.mark.parametrize("spec", [TWO, MASKS], ids=["sigmoid", "softmax"])
def test_the_sheet_the_measure_and_the_function_tell_of_one_prediction(spec):
    net = UNet(features=2, depth=1, norm="none")
    algorithm, batch = Segmentation(net=net).build(spec), batch_of(spec)
    weights = jax.jit(algorithm.init)(KEY, batch).weights()
    x = jnp.asarray(batch["image"]) / 127.5 - 1
    classes = spec.features["mask"].classes

    @jax.jit
    def everything(weights, batch):
        p = algorithm.functions["segment"].apply(weights, {"image": x}, KEY)
        return p, algorithm.show(weights, batch, KEY), algorithm.measure(weights, batch, KEY)

    p, sheet, measured = everything(weights, batch)
    assert p.shape == (4, 8, 8, classes)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-5)
    outputs = weights["net"]["params"]["Conv_0"]["bias"].shape
    assert outputs == ((1,) if classes == 2 else (classes,))
    true, found = batch["mask"].ravel(), np.asarray(p).argmax(-1).ravel()
    result = measured["segment"].compute()
    assert result["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(true, found))
    labels = np.unique([*true, *found])
    dice = sklearn.metrics.f1_score(true, found, labels=labels, average="macro", zero_division=0)
    assert result["mean_dice"] == pytest.approx(dice)
    assert sheet.keys() == {"image", "mask", "prediction", "overlay"}
    np.testing.assert_allclose(sheet["image"], x)
    dark = np.asarray(sheet["prediction"] == -1).all(-1)
    np.testing.assert_array_equal(dark, np.asarray(p).argmax(-1) == 0)
    over = np.asarray(sheet["overlay"])
    np.testing.assert_allclose(over[dark], np.asarray(x)[dark])
    mixed = (np.asarray(x) + np.asarray(sheet["prediction"])) / 2
    np.testing.assert_allclose(over[~dark], mixed[~dark], atol=1e-6)


def test_deep_supervision_is_the_mean_of_the_outputs_losses():
    """Else the loss is that of the mean; the shares of classes are those of the batch."""
    batch, net = batch_of(MASKS), MNet(features=1, depth=2, norm="none", outputs=11)
    batch = jax.tree.map(jnp.asarray, batch)
    x, y = batch["image"] / 127.5 - 1, batch["mask"]

    @jax.jit
    def losses(key):
        variables = net.init(key, x)
        given = Given({"net": variables}, {}, None, jnp.zeros((), jnp.int32))
        each = [
            Segmentation(net=net.clone(deep_supervision=deep)).loss(given, batch, key)
            for deep in (True, False)
        ]
        sides = net.apply(variables, x, method="supervised")
        return each, sides, net.apply(variables, x)

    (deep, plain), sides, whole = losses(KEY)
    of = lambda logits: cross_entropy(logits, y) + soft_dice(logits, y)  # noqa: E731
    np.testing.assert_allclose(deep[0], np.mean([of(logits) for logits in sides]), rtol=1e-5)
    np.testing.assert_allclose(plain[0], of(whole), rtol=1e-5)
    assert abs(float(deep[0] - plain[0])) > 1e-4
    predicted = np.bincount(np.asarray(whole.argmax(-1)).ravel())
    for metric, counts in (
        ("true_majority", np.bincount(np.asarray(y).ravel())),
        ("predicted_majority", predicted),
    ):
        share = plain[1].metrics[metric]
        np.testing.assert_allclose(share, counts.max() / counts.sum(), rtol=1e-6)


@pytest.mark.parametrize(
    "fields,message",
    [
        ({"cross_entropy": 0.0, "dice": 0.0}, "algorithm.cross_entropy: it, dice and focal are 0"),
        ({"dice": -1.0}, "algorithm.dice: -1.0 is below 0"),
        ({"ema_decay": 1.0}, "algorithm.ema_decay: 1.0 is not in [0, 1)"),
        ({"net": PatchGAN()}, "algorithm.net: PatchGAN has no field outputs"),
        ({"net": UNet(depth=0)}, "algorithm.net.depth: 0 is below 1"),
    ],
)
def test_fields_that_make_no_sense(fields, message):
    with pytest.raises(InputError, match=rf"^{re.escape(message)}") as caught:
        jax.eval_shape(Segmentation(**fields).build(MASKS).init, KEY, MASKS.batch(2))
    assert "\n" not in str(caught.value)


def test_images_without_masks_say_where_masks_come_from():
    spec = Spec({"image": MASKS.features["image"]}, 20)
    with pytest.raises(InputError, match=r"learns from image and mask; use .*masks:IMAGES,MASKS"):
        Segmentation().build(spec)


@pytest.fixture
def folders(tmp_path):
    """Red squares on noise, in 12 images of several sizes, with masks of 0 and 255."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(12):
        image = rng.integers(0, 120, (24, 24 + i, 3)).astype(np.uint8)
        mask = np.zeros(image.shape[:2], np.uint8)
        y, x = rng.integers(0, 12, 2)
        mask[y : y + 12, x : x + 12] = 255
        image[mask > 0, 0] = 220
        Image.fromarray(image).save(tmp_path / "images" / f"{i:02}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i:02}.png")
    return tmp_path


def run_of(folders, **fields):
    return Run(
        algorithm=Segmentation(net=UNet(features=4, depth=1), net_optimizer=Adam(lr=1e-2, b1=0.9)),
        data=Data(
            source=f"masks:{folders}/images,{folders}/masks",
            image_size=16,
            crop=8,
            batch_size=4,
            held_out=0.25,
        ),
        steps=40,
        out=str(folders / "run"),
        checkpoint=Checkpoint(every=40),
        sample=Sample(every=40),
        log=Log(every=20),
        evaluate=Evaluate(every=40, metrics="none"),
        **fields,
    )


@pytest.mark.slow
def test_it_learns_squares_and_gives_masks_of_the_images_own_sizes(folders, capsys):
    run = run_of(folders)
    assert train(run, devices=Devices(1)) == 0
    said = capsys.readouterr()
    assert "2 classes; share of the pixels: 0 " in said.out + said.err
    records = read_records(folders / "run" / "metrics.jsonl")
    (measured,) = [r for r in records if "segment/mean_iou" in r]
    assert measured["segment/mean_iou"] > 0.8
    assert measured["segment/accuracy"] > measured["segment/majority_share"]
    opened = open_run(run.out)
    image = np.asarray(Image.open(folders / "images" / "07.png"))
    found = opened.apply("segment", image[None])[0]
    truth = np.asarray(Image.open(folders / "masks" / "07.png")) // 255
    assert found.shape == truth.shape == (24, 31)
    assert found.dtype == np.uint8
    assert np.mean(found == truth) > 0.9


@pytest.mark.slow
def test_a_net_that_says_one_class_everywhere_is_warned_of(folders, capsys):
    """It learns nothing, and its last bias decides."""
    run = run_of(folders)
    run = replace(run, steps=3, algorithm=replace(run.algorithm, net_optimizer=Adam(lr=1e-30)))
    out = folders / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UNet, "__call__", constant)
        patch.setattr(UNet, "supervised", lambda self, x, train=True: [constant(self, x, train)])
        train(run, devices=Devices(1))
    said = capsys.readouterr()
    assert "Warning: the prediction is one class everywhere" in said.out + said.err
    assert any("one class" in r.get("warning", "") for r in read_records(out / "metrics.jsonl"))


def constant(self, images, train=True):
    logits = self._sides(images, train)[-1]
    return logits * 1e-3 - 10.0
