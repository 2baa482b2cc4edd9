"""Every hook is documented, tested by name and used by a plugin that comes with Trackyard; every entry point is a plugin."""

import inspect
from importlib.metadata import EntryPoint, entry_points

import pytest
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin

from docs import build
from tests.laws import tree

HOOKS = sorted(build.hooks())
ENTRIES = sorted(entry for entry in entry_points(group="trackyard") if entry.dist is not None and entry.dist.name == "trackyard")


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    """The kernel with every plugin of ours registered."""
    return build.documented_kernel()


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_has_a_docstring(hook: str) -> None:
    """It says what is registered."""
    assert inspect.getdoc(build.hooks()[hook])


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_documented_with_its_signature(hook: str) -> None:
    """The page of hooks has a heading and the exact signature."""
    page = (build.DOCS / "hooks.md").read_text()
    returned = inspect.get_annotations(build.hooks()[hook])["return"]
    assert f"## {hook}\n" in page
    assert f"def {hook}(self) -> {returned}: ..." in page


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_has_a_test_of_its_name(hook: str) -> None:
    """Some test is called ``test_hook_<name>``."""
    name = f"test_hook_{hook.removeprefix('trackyard_')}"
    assert any(function.name == name for path in tree.python_files("tests") for function in tree.functions(path))


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_used_by_a_plugin_of_ours(hook: str, kernel: Kernel) -> None:
    """A hook without a user would be a guess."""
    assert any(record.provided.get(hook) for record in kernel.plugins.records.values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entry_point_is_a_plugin(entry: EntryPoint) -> None:
    """What is registered is a plugin of that name with a sentence about itself."""
    kind = entry.load()
    assert issubclass(kind, Plugin)
    assert kind.name == entry.name
    assert kind.summary


def test_no_plugin_of_ours_fails(kernel: Kernel) -> None:
    """All plugins load with default settings."""
    assert {record.name: record.error for record in kernel.plugins.failed()} == {}
