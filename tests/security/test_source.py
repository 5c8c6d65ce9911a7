"""S04: our own code has none of the ways to run what it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODULES = {"pickle", "cPickle", "_pickle", "dill", "shelve", "marshal", "jsonpickle"}
FUNCTIONS = {"eval", "exec", "__import__"}
ATTRIBUTES = {
    ("os", "system"),
    ("os", "popen"),
    ("subprocess", "getoutput"),
    ("subprocess", "getstatusoutput"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("yaml", "full_load"),
    ("jinja2", "Environment"),
    ("jinja2", "Template"),
    ("builtins", "eval"),
    ("builtins", "exec"),
}
NAMES = {"LlamaDiskCache"}


def _sources() -> list[Path]:
    folders = (ROOT / name for name in ("desktop", "models", "packaging"))
    files = [ROOT / "main.py", *(path for folder in folders for path in folder.rglob("*.py"))]
    return sorted(path for path in files if path.exists())


def _findings(source: str) -> Iterator[str]:
    """What is forbidden in a source text, with its line."""
    for node in ast.walk(ast.parse(source)):
        for name in _forbidden(node):
            yield f"{getattr(node, 'lineno', 0)}: {name}"


def _forbidden(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names):
            yield from (alias.name for alias in names if alias.name.split(".")[0] in MODULES)
        case ast.ImportFrom(module, names):
            yield from _from_import((module or "").split(".")[0], [alias.name for alias in names])
        case ast.Call(ast.Name(name)) if name in FUNCTIONS:
            yield name
        case ast.Attribute(ast.Name(owner), name) if (owner, name) in ATTRIBUTES:
            yield f"{owner}.{name}"
        case ast.Attribute(_, name) | ast.Name(name) if name in NAMES:
            yield name
        case ast.keyword("shell", value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "shell=True"


def _from_import(module: str, names: list[str]) -> Iterator[str]:
    if module in MODULES:
        yield module
    for name in names:
        if (module, name) in ATTRIBUTES or name in NAMES:
            yield f"{module}.{name}"


def test_s04_there_is_a_tree_to_search() -> None:
    names = {path.name for path in _sources()}
    assert {"main.py", "cli.py", "gguf.py", "backend.py"} <= names


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_s04_nothing_given_is_run(path: Path) -> None:
    assert list(_findings(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, shelve as s",
        "from pickle import loads",
        "from os import system",
        "from jinja2 import Environment",
        "import jinja2\njinja2.Environment()",
        "eval('1')",
        "exec(code)",
        "__import__(name)",
        "import os\nos.system('ls')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.run('ls', shell=flag)",
        "import yaml\nyaml.load(text)",
        "from llama_cpp.llama_cache import LlamaDiskCache",
        "import llama_cpp\nllama_cpp.LlamaDiskCache()",
    ],
)
def test_s04_the_search_sees_them(source: str) -> None:
    assert len(list(_findings(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "app.exec()",
        "dialog.exec()",
        "import json\njson.load(file)",
        "import subprocess\nsubprocess.run(['ls'], shell=False)",
        "from jinja2.sandbox import ImmutableSandboxedEnvironment",
        "import re\nre.compile('x')",
    ],
)
def test_s04_the_search_leaves_others_alone(source: str) -> None:
    assert list(_findings(source)) == []
