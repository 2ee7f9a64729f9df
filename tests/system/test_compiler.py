"""Compiler options, and the cache directory."""

import subprocess
import sys

import jax
import pytest

from jaxgan.system import compiler
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _fresh():
    compiler.compiler_options.cache_clear()
    yield
    compiler.compiler_options.cache_clear()


def test_options_that_this_jax_knows_are_used():
    assert compiler.compiler_options() == compiler.OPTIONS["cpu"]


def test_options_of_another_jax_are_left_out_with_a_warning(monkeypatch):
    monkeypatch.setattr(compiler, "OPTIONS", {"cpu": {"xla_cpu_of_another_jax": "1"}})
    with pytest.warns(UserWarning, match="xla_cpu_of_another_jax"):
        assert compiler.compiler_options() == {}


def test_a_backend_without_options_gets_none(monkeypatch):
    monkeypatch.setattr(compiler, "OPTIONS", {"gpu": {"some": "1"}})
    assert compiler.compiler_options() == {}


def test_a_deterministic_program_of_a_gpu_has_xlas_flag_and_a_cpus_needs_none(monkeypatch):
    assert compiler.compiler_options(deterministic=True) == compiler.OPTIONS["cpu"]
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    assert compiler.compiler_options() == {}
    flag = {"xla_gpu_deterministic_ops": True}
    compiler.compiler_options.cache_clear()
    assert compiler.compiler_options(deterministic=True) == flag
    jax.jit(lambda x: x + 1, compiler_options=flag).lower(0.0).compile()  # XLA knows its name
    with pytest.raises(jax.errors.JaxRuntimeError, match="No such"):
        jax.jit(lambda x: x + 1, compiler_options={"xla_gpu_no_flag": True}).lower(0.0).compile()


@pytest.mark.parametrize("told", [True, False])
def test_programs_are_kept_in_the_users_cache_unless_jax_is_told_of_another(told, tmp_path):
    code = "import jax; from jaxgan.system.compiler import use_cache; use_cache()"
    code += "; print(jax.config.jax_compilation_cache_dir)"
    env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "", "JAX_PLATFORMS": "cpu"}
    if told:
        env["JAX_COMPILATION_CACHE_DIR"] = "elsewhere"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()
    assert found == ("elsewhere" if told else str(tmp_path / "jaxgan" / "xla"))
