"""The files of the repository, as the laws look at them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "plugins", "storage_backends", "ui", "agent_services")
FOLDERS = (*ROOMS, "tests", "benchmarks", "docs", ".ci")
TEXT = {".py", ".md", ".toml", ".cfg", ".txt", ".html", ".css", ".js", ".json", ".yaml", ".yml", ".jinja", ""}
LEFT_OUT = {"__pycache__", "node_modules"}


def files(*folders: str) -> list[Path]:
    """Every text file of the given folders, sorted, without what programs write there."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(path for path in found if path.suffix in TEXT and not LEFT_OUT.intersection(path.parts))


def all_files() -> list[Path]:
    """Every text file of the repository."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT and path.name != ".git"]
    return sorted([*files(*FOLDERS), *top])


def python_files(*folders: str) -> list[Path]:
    """Every Python file of the given folders, or of all."""
    return [path for path in files(*(folders or FOLDERS)) if path.suffix == ".py"]


def is_vendored(path: Path) -> bool:
    """True for code of others that is shipped as it is (its licence stands beside it)."""
    return "vendor" in path.parts or ".min." in path.name


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a Python file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def shown(paths: list[Path]) -> str:
    """Paths as they are named in a failure."""
    return "\n".join(str(path.relative_to(ROOT)) for path in paths)
