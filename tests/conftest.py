"""Strict: shapes and types checked at run time, no silent broadcasting, four devices."""

import atexit
import gc
import os
import shutil
import tempfile

os.environ.setdefault("JAX_PLATFORMS", "cpu")
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:  # one for the whole run: workers inherit it
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp()
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.3"
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)
# Most of these tests' time is compilation, so little of it is spent on optimizing.
XLA_FLAGS = (
    "--xla_backend_optimization_level=0"
    " --xla_cpu_parallel_codegen_split_count=1"  # a tenth: the workers fill the cores already
    " --xla_backend_extra_options=xla_cpu_disable_new_fusion_emitters"  # a third of the time
    " --xla_cpu_max_isa=AVX"  # no FMA: where one is used differs between programs, and bits with it
    # Devices that share a busy machine's cores may wait long for one another: that is no deadlock.
    " --xla_cpu_collective_call_terminate_timeout_seconds=600"
)
os.environ["XLA_FLAGS"] = (
    f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4 {XLA_FLAGS}"
)

import pathlib

import jax
import pytest
from jaxtyping import install_import_hook

gc.set_threshold(50_000, 20, 100)  # traces make many objects that live: a sixth of the time
install_import_hook("jaxgan", "beartype.beartype")
jax.config.update("jax_numpy_rank_promotion", "raise")

ROOT = pathlib.Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture
def shared():
    """Real data that may stand beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"there is no real data in {SHARED.parent.name}/{SHARED.name}")
    return SHARED


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


def pytest_collection_modifyitems(items):
    """The longest test goes first: at the end one worker would wait for it. Slow ones may last."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(0))
    items.sort(key=lambda item: item.name != "test_every_command_does_what_it_says")
