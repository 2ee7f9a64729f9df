"""Configs: Python files whose ``config()`` returns a :class:`jaxgan.run.config.Run`."""

import importlib.util
from pathlib import Path

from jaxgan.errors import InputError
from jaxgan.run.config import Run


def load_config(path: str | Path) -> Run:
    """The :class:`Run` that ``config()`` in a Python file returns."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"config: there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(f"config: {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run = module.config() if hasattr(module, "config") else None
    if not isinstance(run, Run):
        raise InputError(f"config: {path} needs a function config() that returns a jaxgan Run")
    return run
