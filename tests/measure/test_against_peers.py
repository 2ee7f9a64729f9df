"""Two folders as torch-fidelity and pytorch-fid measure them, with the same weights."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.evaluate import Command, evaluate
from jaxgan.measure.references import read_moments

peers = pytest.importorskip(
    "benchmarks.peers.torch_features", reason="the references are PyTorch's"
)
import pytorch_fid.fid_score
import pytorch_fid.inception
import torch
import torch_fidelity

pytestmark = pytest.mark.peers

SIZES = {"a": 12, "b": 10, "few_a": 4, "few_b": 3}
SUBSET = 10


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("peers")
    for seed, (name, n) in enumerate(SIZES.items()):
        (root / name).mkdir()
        images = peers.blobs(24, n, seed)
        noise = np.random.default_rng(seed).integers(0, 30 * (1 + seed % 2), images.shape)
        for i, image in enumerate(np.clip(images + noise, 0, 255).astype(np.uint8)):
            Image.fromarray(image).save(root / name / f"{i:02d}.png")
    torch.save(peers.tensors(peers.inception_state()), root / "weights.pth")
    return root


def measured(folders, tmp_path, names=("a", "b"), **fields):
    images, reference = (str(folders / name) for name in names)
    command = Command(
        images=images,
        reference=reference,
        weights=str(folders / "weights.pth"),
        batch_size=6,
        cache=False,
        save_statistics=str(tmp_path / "a.npz"),
        **fields,
    )
    return evaluate(command)["metrics"]


@pytest.mark.slow
def test_fid_kid_and_is_are_torch_fidelitys(folders, tmp_path):
    found = measured(folders, tmp_path, metrics="fid,kid,is")
    theirs = torch_fidelity.calculate_metrics(
        input1=str(folders / "a"),
        input2=str(folders / "b"),
        fid=True,
        kid=True,
        isc=True,
        kid_subset_size=SUBSET,
        feature_extractor_weights_path=str(folders / "weights.pth"),
        batch_size=6,
        cuda=False,
        cache=False,
        verbose=False,
    )
    network = "inception-2015/legacy_tensorflow"
    pairs = {
        f"fid12_full/{network}": "frechet_inception_distance",
        f"kid12_full_subsets_of_{SUBSET}/{network}": "kernel_inception_distance_mean",
        f"kid12_full_subsets_of_{SUBSET}_std/{network}": "kernel_inception_distance_std",
        f"is12/{network}": "inception_score_mean",
        f"is12_std/{network}": "inception_score_std",
    }
    assert found.keys() == pairs.keys()
    for ours, name in pairs.items():
        assert found[ours] == pytest.approx(theirs[name], rel=1e-3), ours


@pytest.mark.slow
def test_fid_and_its_file_are_pytorch_fids(folders, tmp_path, monkeypatch):
    def download(*args, **kwargs):
        return torch.load(folders / "weights.pth")

    monkeypatch.setattr(pytorch_fid.inception, "load_state_dict_from_url", download)
    names = ("few_a", "few_b")
    found = measured(folders, tmp_path, names, resize="legacy_pytorch")

    paths = [str(folders / name) for name in names]
    expected = pytorch_fid.fid_score.calculate_fid_given_paths(paths, 6, "cpu", 2048, 0)
    assert found == {"fid4_full/inception-2015/legacy_pytorch": pytest.approx(expected, rel=1e-3)}
    path = str(tmp_path / "a.npz")
    read = pytorch_fid.fid_score.compute_statistics_of_path(path, None, 6, 2048, "cpu", 0)
    for ours, theirs in zip(read_moments(tmp_path / "a.npz").moments, read, strict=True):
        np.testing.assert_array_equal(ours, theirs)
