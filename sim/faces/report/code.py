"""What the code says of itself: modules and their descriptions, algorithms, processes, random streams, libraries.

Read from the source as it is installed, so that a description made of it is as new as the code.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path
from types import ModuleType

DISTRIBUTION = "utrulling"


@dataclass(frozen=True)
class Described:
    """Something of the code with its own words: ``where`` is its dotted name."""

    where: str
    text: str


def first_paragraph(text: str) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join(text.split("\n\n", 1)[0].split())


def modules(package: str) -> list[ModuleType]:
    """The modules of a package; what a module imports of the package comes before it."""
    folder = importlib.import_module(package)
    names = [f"{package}.{m.name}" for m in pkgutil.iter_modules(folder.__path__) if not m.ispkg]
    uses = {name: sorted(_imported(_tree(name)) & set(names) - {name}) for name in names}
    return [importlib.import_module(name) for name in TopologicalSorter(uses).static_order()]


def descriptions(package: str) -> list[Described]:
    """What the modules of a package say of themselves, in the order of their dependencies."""
    return [Described(m.__name__, inspect.cleandoc(m.__doc__)) for m in modules(package) if m.__doc__]


def algorithms(package: str) -> list[Described]:
    """The compiled functions of a package: where the model's counting is done."""
    found = []
    for module in modules(package):
        for node in _tree(module.__name__).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _decorated(node, "compiled"):
                text = ast.get_docstring(node)
                if text:
                    found.append(Described(f"{module.__name__}.{node.name}", first_paragraph(text)))
    return found


def processes(package: str) -> list[Described]:
    """The processes on the SimPy clock: the functions that wait on an environment."""
    found = []
    for module in modules(package):
        for node in ast.walk(_tree(module.__name__)):
            if not isinstance(node, ast.FunctionDef):
                continue
            waits = any(isinstance(inner, ast.Yield) for inner in ast.walk(node))
            environment = any(
                a.annotation is not None and ast.unparse(a.annotation) == "simpy.Environment" for a in node.args.args
            )
            if waits and environment:
                text = ast.get_docstring(node) or ""
                found.append(Described(f"{module.__name__}.{node.name}", first_paragraph(text)))
    return found


def streams(package: str) -> list[Described]:
    """The random streams of a package: in which function they are used, and how they are named."""
    found = []
    for module in modules(package):
        for function in ast.walk(_tree(module.__name__)):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "generator":
                    name = re.sub(r"^f?['\"]|['\"]$", "", ast.unparse(node.args[-1]))
                    found.append(Described(f"{module.__name__}.{function.name}", name))
    return found


def libraries() -> list[tuple[str, str]]:
    """The libraries that the distribution needs to run, and the versions that are installed."""
    found = []
    for line in metadata.requires(DISTRIBUTION) or []:
        if "extra ==" not in line:
            name = re.split(r"[ ;<>=!~\[]", line, maxsplit=1)[0]
            try:
                found.append((name, metadata.version(name)))
            except metadata.PackageNotFoundError:
                continue  # not needed on this platform
    return sorted(found)


def licence() -> str:
    """The licence that the distribution states."""
    stated = metadata.metadata(DISTRIBUTION)
    return next((stated[key] for key in ("License-Expression", "License") if key in stated), "")


def _tree(name: str) -> ast.Module:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return ast.parse(Path(found.origin).read_text(encoding="utf-8"))


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _decorated(node: ast.FunctionDef, name: str) -> bool:
    return any(isinstance(d, ast.Name) and d.id == name for d in node.decorator_list)
