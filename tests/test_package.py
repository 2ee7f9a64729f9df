"""What is shipped: every package, and the configs among them."""

import importlib
import re
import tomllib

from jaxgan import __main__
from tests.conftest import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_shipped():
    files = (ROOT / "jaxgan").rglob("*.py")
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    assert set(SETTINGS["tool"]["setuptools"]["packages"]) == found | {"jaxgan.configs"}
    assert SETTINGS["tool"]["setuptools"]["package-dir"] == {"jaxgan.configs": "configs"}


def test_every_package_has_a_docstring():
    for name in SETTINGS["tool"]["setuptools"]["packages"]:
        folder = "configs" if name == "jaxgan.configs" else name.replace(".", "/")
        assert (ROOT / folder / "__init__.py").read_text().startswith('"""'), name


def test_the_version_and_the_command_are_those_of_the_code():
    module, _, name = SETTINGS["tool"]["setuptools"]["dynamic"]["version"]["attr"].rpartition(".")
    assert SETTINGS["project"]["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", getattr(importlib.import_module(module), name))
    module, _, name = SETTINGS["project"]["scripts"]["jaxgan"].partition(":")
    assert getattr(importlib.import_module(module), name) is __main__.main
