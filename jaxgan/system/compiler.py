"""Options of the XLA compiler by backend, and its cache on disk."""

import functools
import warnings
from typing import TypeAlias

import jax

from jaxgan.errors import first_line
from jaxgan.system.files import cache_directory

Options: TypeAlias = dict[str, str | bool]

OPTIONS: dict[str, Options] = {
    "cpu": {
        # Convolutions stay with Eigen, which runs them up to twice as fast as YNNPACK does;
        # matrix products and reductions go to YNNPACK. On JAX 0.10.2, 0.11.2 and 0.12.0 a step is
        # 1.54, 1.36 and 1.40 times as fast with this option (dcgan_28 of benchmarks/compare.py).
        "xla_cpu_experimental_ynn_fusion_type": (
            "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
        ),
    },
}
"""Compiler options by backend, the same on all supported versions of JAX."""

DETERMINISTIC: dict[str, Options] = {
    # Excludes kernels that sum in an undefined order, and the choice of kernels by timing, which
    # may differ in a process that resumes the run (xla.proto: "implies
    # exclude_nondeterministic_ops and in addition disables autotuning").
    "gpu": {"xla_gpu_deterministic_ops": True},
}
"""Options for bitwise reproducible programs, by backend; a CPU needs none."""


@functools.cache
def compiler_options(deterministic: bool = False) -> Options:
    """The options for this process's backend; none, with a warning, if it doesn't know them.

    Args:
      deterministic: adds the options of :data:`DETERMINISTIC`. They are mandatory: a compiler that
        does not know them raises an error.
    """
    backend = jax.default_backend()
    options = _known(OPTIONS.get(backend, {}))
    return {**options, **DETERMINISTIC.get(backend, {})} if deterministic else dict(options)


def _known(options: Options) -> Options:
    if not options:
        return {}
    try:
        jax.jit(lambda x: x, compiler_options=options).lower(0.0).compile()
    except jax.errors.JaxRuntimeError as error:
        reason = first_line(error)
        warnings.warn(f"compiler options of another JAX are left out: {reason}", stacklevel=3)
        return {}
    return options


def use_cache() -> None:
    """Keeps compiled programs in the user's cache directory, unless JAX is configured otherwise.

    ``JAX_COMPILATION_CACHE_DIR`` sets another directory; ``JAX_ENABLE_COMPILATION_CACHE=false``
    turns the cache off.
    """
    if jax.config.jax_compilation_cache_dir is None:  # pyright: ignore
        jax.config.update("jax_compilation_cache_dir", str(cache_directory() / "xla"))
