"""The GPU script's parts, at a size for a CPU."""

from dataclasses import replace

import jax
import pytest

from benchmarks import compare, gpu
from benchmarks.contenders import GPU_CONTENDERS
from benchmarks.jaxgan_step import build
from benchmarks.workloads import WORKLOADS, random_bytes
from jaxgan.errors import InputError
from tests.small import ALGORITHMS, small_run

TINY = replace(WORKLOADS["dcgan_28"], image_shape=(8, 8, 1), features=(2, 2), batch_size=8)
OURS = sorted({c.form for c in GPU_CONTENDERS.values() if "jaxgan_step" in c.module} | {"", "x1"})


CASES = [(form, n) for form in OURS for n in (1, 2)]
OFTEN = [("", 1), ("bf16 device", 2)]


@pytest.mark.parametrize(
    "form,n_critic",
    [
        pytest.param(*case, marks=pytest.mark.peers if case in OFTEN else pytest.mark.slow)
        for case in CASES
    ],
)
def test_every_form_of_jaxgan_takes_its_steps(form, n_critic):
    workload = replace(TINY, n_critic=n_critic)
    if n_critic > 1:
        critic = replace(ALGORITHMS["dcgan"], n_critic=n_critic)
        workload = replace(workload, jaxgan=lambda _: critic)
    runner = build(workload, random_bytes(workload, 8), form)
    metrics = runner.wait(runner.call())
    steps = 1 if "x1" in form else 5  # the largest divisor of the default intervals up to 8
    assert runner.steps == steps
    assert metrics["generator_loss"].shape == (() if steps == 1 else (steps,))
    assert jax.numpy.isfinite(metrics["generator_loss"]).all()


def test_a_machine_without_cuda_says_so():
    pytest.importorskip("torch")
    from benchmarks.peers import torch_cuda

    with pytest.raises(RuntimeError, match="no CUDA device"):
        torch_cuda.build(TINY, random_bytes(TINY, 8), "compile bf16")


@pytest.mark.slow
def test_bfloat16_is_compared_by_mean_losses(tmp_path):
    run = small_run(ALGORITHMS["dcgan"], tmp_path)
    differences = gpu.bfloat16(run, count=8)
    assert differences.keys() == {"bfloat16", "control"}
    for of_form in differences.values():
        assert of_form.keys() == {"generator_loss", "discriminator_loss"}
        assert all(0 < value < 0.1 for value in of_form.values())


@pytest.mark.slow
def test_the_loop_and_each_flag_are_measured_in_processes_of_their_own(monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setattr(gpu, "FLAGS", {"as it is": "", "unknown": "--xla_no_such_flag=1"})
    small = ["cgan_digits", "--batch-size", "8"]
    plain, unknown = gpu.flags(0.5, small)
    assert plain["status"] == "ok"
    assert plain["step_images_per_second"] > 0
    assert plain["loop_images_per_second"] is None
    assert "xla_no_such_flag" in unknown["status"]
    (row,) = gpu.loop(0.5, small)
    assert row["loop_images_per_second"] > 0


def test_shares_are_of_the_matrix_product_in_the_same_precision():
    names = ["jaxgan", "jaxgan-highest", "cuda-compile-bf16", "cuda-eager"]
    rows = [{"contender": name, "ms_per_step": 2.0} for name in names]
    rows[-1]["ms_per_step"] = None
    gpu.add_shares(rows, flops=1e9, peaks={"highest": 1e12, "default": 2e12, "bf16": 4e12})
    assert [row.get("share_of_matmul") for row in rows] == [0.25, 0.5, 0.125, None]


def test_contenders_see_a_gpu_only_for_the_gpu_script(tmp_path, monkeypatch):
    monkeypatch.delenv(compare.GPU, raising=False)
    assert compare.environment(tmp_path, None)["CUDA_VISIBLE_DEVICES"] == ""
    monkeypatch.setenv(compare.GPU, "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert "CUDA_VISIBLE_DEVICES" not in compare.environment(tmp_path, None)


def test_a_wrong_part_is_one_line():
    with pytest.raises(InputError, match=r"parts: there is no 'step'; did you mean steps\?"):
        gpu.main(["--parts", "step"])
