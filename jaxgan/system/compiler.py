"""Options of the XLA compiler by backend, and its cache on disk."""

import functools
import warnings

import jax

from jaxgan.errors import first_line
from jaxgan.system.files import cache_directory

OPTIONS = {
    "cpu": {
        # Convolutions stay with Eigen, which runs them up to twice as fast as YNNPACK does;
        # matrix products and reductions go to YNNPACK. Measured on JAX 0.10.2.
        "xla_cpu_experimental_ynn_fusion_type": (
            "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
        ),
    },
}
"""Compiler options by backend."""


@functools.cache
def compiler_options() -> dict[str, str]:
    """The options for this process's backend; none, with a warning, where it doesn't know them."""
    options = OPTIONS.get(jax.default_backend(), {})
    if not options:
        return {}
    try:
        jax.jit(lambda x: x, compiler_options=options).lower(0.0).compile()
    except jax.errors.JaxRuntimeError as error:
        reason = first_line(error)
        warnings.warn(f"compiler options of another JAX are left out: {reason}", stacklevel=2)
        return {}
    return dict(options)


def use_cache() -> None:
    """Keeps compiled programs in the user's cache directory, unless JAX has another one configured.

    ``JAX_COMPILATION_CACHE_DIR`` names another directory; ``JAX_ENABLE_COMPILATION_CACHE=false``
    keeps nothing.
    """
    if jax.config.jax_compilation_cache_dir is None:  # pyright: ignore
        jax.config.update("jax_compilation_cache_dir", str(cache_directory() / "xla"))
