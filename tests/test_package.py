"""What is shipped: every package, and the configs among them."""

import tomllib

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
