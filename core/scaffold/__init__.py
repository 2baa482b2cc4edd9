"""New plugin packages: ``trackyard plugins new NAME --kind KIND`` writes one that installs and passes its own tests."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

TEMPLATES = files("trackyard.core.scaffold") / "templates"
COMMON = ("pyproject.toml", "setup.cfg", "README.md")


class ScaffoldError(Exception):
    """The package can't be written; the message says why."""


def kinds() -> list[str]:
    """The kinds of plugins that can be written."""
    return sorted(entry.name for entry in TEMPLATES.iterdir() if entry.is_dir() and entry.name != "common")


def write_package(name: str, kind: str, folder: Path) -> list[Path]:
    """Write the package ``name`` into ``folder / name``; the files that were written. Raises `ScaffoldError`."""
    module = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or keyword.iskeyword(module):
        raise ScaffoldError(f"found the name {name!r}; expected lower-case letters, digits and dashes, a letter first")
    if kind not in kinds():
        raise ScaffoldError(f"found the kind {kind!r}; expected one of {', '.join(kinds())}")
    target = folder / name
    if target.exists():
        raise ScaffoldError(f"{target} is there already")
    title = "".join(part.title() for part in module.split("_"))
    words = {"name": name, "module": module, "title": title, "kind": kind}
    written = {target / path: _filled(f"common/{path}.txt", words) for path in COMMON}
    written |= {
        _place(target, module, entry.name): _filled(f"{kind}/{entry.name}", words) for entry in (TEMPLATES / kind).iterdir()
    }
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sorted(written)


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / template).read_text()).substitute(words)


def _place(target: Path, module: str, template: str) -> Path:
    """Where a template of a kind goes: tests beside the package, pages into its ``templates`` folder."""
    name = template.removesuffix(".txt")
    if name.startswith("test_"):
        return target / "tests" / name.replace("test_plugin", f"test_{module}")
    if name.endswith(".html"):
        return target / module / "templates" / name.replace("page", module)
    return target / module / name
