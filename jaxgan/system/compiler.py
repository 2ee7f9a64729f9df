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
        # matrix products and reductions go to YNNPACK. Measured on JAX 0.10.2.
        "xla_cpu_experimental_ynn_fusion_type": (
            "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
        ),
    },
}
"""Compiler options by backend."""

DETERMINISTIC: dict[str, Options] = {
    # No kernel whose sums come in any order, and none chosen by timing: another process, which
    # goes on with the run, would choose anew (xla.proto: "implies exclude_nondeterministic_ops and
    # in addition disables autotuning").
    "gpu": {"xla_gpu_deterministic_ops": True},
}
"""Options of a program that gives the same bits each time; a CPU's does without any."""


@functools.cache
def compiler_options(deterministic: bool = False) -> Options:
    """The options for this process's backend; none, with a warning, where it doesn't know them.

    Args:
      deterministic: adds :data:`DETERMINISTIC`'s, without which there would be no such program: a
        compiler that does not know them raises an error.
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
    """Keeps compiled programs in the user's cache directory, unless JAX has another one configured.

    ``JAX_COMPILATION_CACHE_DIR`` names another directory; ``JAX_ENABLE_COMPILATION_CACHE=false``
    keeps nothing.
    """
    if jax.config.jax_compilation_cache_dir is None:  # pyright: ignore
        jax.config.update("jax_compilation_cache_dir", str(cache_directory() / "xla"))
