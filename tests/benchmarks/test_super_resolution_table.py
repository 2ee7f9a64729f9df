import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks import super_resolution
from jaxgan.algorithms import SuperResolution
from jaxgan.data.config import Data
from jaxgan.nets import FSRCNN
from jaxgan.run.loop import train
from jaxgan.system.devices import Devices
from tests.small import small_run


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.peers
def test_a_row_for_bicubic_and_each_run_of_a_scale(tmp_path, monkeypatch, capsys):
    (tmp_path / "images").mkdir()
    for i, shape in enumerate([(17, 20, 3), (24, 15, 3)]):
        pixels = np.random.default_rng(i).integers(0, 256, shape, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{i}.png")
    net = FSRCNN(features=2, shrunk=2, blocks=1, scale=3)
    run = small_run(SuperResolution(generator=net, residual=True), tmp_path / "runs" / "r", steps=1)
    data = Data(source="photo_tiles", image_size=12, batch_size=4, resize=False)
    train(replace(run, data=data), devices=Devices(1))
    args = ["super_resolution", str(tmp_path / "images"), str(tmp_path / "runs" / "r")]
    monkeypatch.setattr(sys, "argv", args)
    capsys.readouterr()
    super_resolution.main()
    header, _, bicubic, made = map(cells, capsys.readouterr().out.splitlines())
    assert header[1:] == ["psnr_y_x3_border3", "psnr_rgb_x3_border3"]
    assert (bicubic[0], made[0]) == ("bicubic", "r (step 1)")
    # One step moves the last layer little: the run is still nearly bicubic.
    np.testing.assert_allclose(float(made[1]), float(bicubic[1]), atol=0.2)
