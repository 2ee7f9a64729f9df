"""Configs: Python files whose ``config()`` returns a :class:`jaxgan.run.config.Run`."""

import importlib.util
import re
from pathlib import Path

from jaxgan.errors import InputError, did_you_mean
from jaxgan.run.config import Run, types_of


def find_config(name: str | Path) -> Run:
    """The run of a config, given as the path of a Python file or the name of a jaxgan config.

    Raises:
      InputError: there is no such config, or it returns no run.
    """
    path = Path(name)
    if path.suffix == ".py" or path.is_file():
        return load_config(path)
    if str(name) in names():
        return load_config(folder() / f"{name}.py")
    raise InputError(
        f"config: there is no {name}; {did_you_mean(str(name), names())}"
        f"name a FILE.py or one of {', '.join(names())}"
    )


def load_config(path: str | Path) -> Run:
    """The :class:`Run` that ``config()`` in a Python file returns.

    Raises:
      InputError: there is no such file or function.
    """
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


def names() -> list[str]:
    """Names of jaxgan's own configs."""
    return sorted(path.stem for path in folder().glob("*.py") if path.stem != "__init__")


def names_with(part: str) -> list[str]:
    """Names of jaxgan's own configs that use ``part``: ``WGAN``, ``CGAN``, ``UNetGenerator``, ...

    A part is the type of a method, net or optimizer, or a function that the config calls to make
    one.
    """
    called = re.compile(rf"\b{re.escape(part)}\(")

    def has(name: str) -> bool:
        path = folder() / f"{name}.py"
        return part in types_of(load_config(path)) or bool(called.search(path.read_text()))

    return [name for name in names() if has(name)]


def folder() -> Path:
    """The folder of jaxgan's configs: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"
