"""The project's own rules of size and documentation."""

import ast
import statistics

from tests.conftest import ROOT

FILES = sorted((ROOT / "jaxgan").rglob("*.py"))
SOURCES = {path: path.read_text() for path in FILES}


def functions():
    for path, text in SOURCES.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                doc = ast.get_docstring(node, clean=False)
                lines = node.end_lineno - node.lineno - (doc.count("\n") + 1 if doc else 0)
                yield f"{path.relative_to(ROOT)}:{node.name}", lines, node


def test_files_are_small():
    sizes = {path.name: text.count("\n") for path, text in SOURCES.items()}
    assert statistics.median(sizes.values()) <= 150
    assert max(sizes.values()) <= 400


def test_functions_are_small():
    lengths = sorted(lines for _, lines, _ in functions())
    assert statistics.median(lengths) <= 9
    assert lengths[int(0.9 * len(lengths))] <= 30
    assert [name for name, lines, _ in functions() if lines > 60] == []


def test_public_functions_are_documented_and_annotated():
    bare = []
    for name, _, node in functions():
        if node.name.startswith("_") or is_nested(name, node):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        untyped = [a for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if ast.get_docstring(node) is None or node.returns is None or untyped:
            bare.append(name)
    assert bare == []


def is_nested(name, node):
    path = ROOT / name.split(":")[0]
    for outer in ast.walk(ast.parse(SOURCES[path])):
        if isinstance(outer, ast.FunctionDef) and outer.lineno < node.lineno <= outer.end_lineno:
            return True
    return False


def test_the_loop_fits_on_a_page():
    assert SOURCES[ROOT / "jaxgan" / "train.py"].count("\n") <= 100
