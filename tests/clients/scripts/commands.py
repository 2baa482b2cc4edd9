"""Every verb of ``clearml-data``, one after the other, through the function that the command calls."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path

from clearml import Dataset
from clearml.cli.data.__main__ import main as clearml_data

PROJECT = "Real clients/all commands"
MOVED = f"{PROJECT}/moved"


def data(*arguments: str) -> str:
    """What ``clearml-data`` with these arguments prints."""
    sys.argv = ["clearml-data", *arguments]
    output = io.StringIO()
    with redirect_stdout(output), suppress(SystemExit):
        assert not clearml_data()
    return output.getvalue()


def folder(name: str, **files: str) -> str:
    """A folder with text files."""
    Path(name).mkdir()
    for file, text in files.items():
        Path(name, f"{file}.txt").write_text(text)
    return name


def create(name: str, *more: str) -> str:
    """The id of a new version."""
    told = data("create", "--project", PROJECT, "--name", name, *more)
    return re.search(r"id=([0-9a-f]{32})", told)[1]


def searched(*query: str) -> list[str]:
    """The versions that a search shows, sorted; narrow terminals cut the ids off."""
    return sorted(line.split("|")[2].strip() for line in data("search", *query).splitlines() if line.startswith(PROJECT))


def first_version() -> str:
    """Create, add, remove, describe, upload, close, verify, list, get."""
    made = create("goods", "--version", "1.0", "--tags", "raw", "good")
    data("add", "--files", folder("first", a="a", b="b", c="c"))
    data("remove", "--files", "c.txt")
    data("set-description", "--id", made, "--description", "Things that were made by commands")
    data("upload")
    data("close")
    listed = data("list", "--id", made)
    assert "a.txt" in listed
    assert "c.txt" not in listed
    data("verify", "--id", made, "--folder", Dataset.get(dataset_id=made).get_local_copy())
    data("get", "--id", made, "--copy", "copied")
    assert sorted(path.name for path in Path("copied").glob("*.txt")) == ["a.txt", "b.txt"]
    return made


def second_version(parent: str) -> str:
    """Sync of a folder: one file is new, one has changed, one is gone."""
    told = data(
        "sync",
        "--parents",
        parent,
        "--project",
        PROJECT,
        "--name",
        "goods",
        "--version",
        "1.1",
        "--folder",
        folder("next", a="A", d="d"),
    )
    made = Dataset.get(dataset_project=PROJECT, dataset_name="goods", dataset_version="1.1").id
    assert "1 files removed, 1 added, 1 modified" in told
    listed = data("list", "--id", made)
    assert ("a.txt" in listed, "b.txt" in listed, "d.txt" in listed) == (True, False, True)
    compared = data("compare", "--source", parent, "--target", made)
    assert "1 files removed, 1 files modified, 1 files added" in compared
    return made


def make() -> None:
    """All versions, their squash, and their move to another project."""
    first = first_version()
    second = second_version(first)
    data("squash", "--name", "all goods", "--ids", first, second)
    squashed = Dataset.get(dataset_name="all goods", dataset_project=PROJECT, only_completed=True)
    assert sorted(squashed.list_files()) == ["a.txt", "b.txt", "d.txt"]
    data("publish", "--id", squashed.id)
    assert Dataset.get(dataset_id=squashed.id)._task.get_status() == "published"
    assert searched("--project", PROJECT, "--name", "goods", "--tags", "raw") == ["1.0"]
    data("move", "--project", PROJECT, "--name", "goods", "--new-project", MOVED)
    assert searched("--project", MOVED) == ["1.0", "1.1"]


def remove() -> None:
    """Delete one version, then all; rename what is left."""
    first = Dataset.get(dataset_project=MOVED, dataset_name="goods", dataset_version="1.0").id
    squashed = Dataset.get(dataset_name="all goods", dataset_project=PROJECT, only_completed=True)
    data("delete", "--id", first, "--force")
    assert searched("--project", MOVED) == ["1.1"]
    data("delete", "--project", MOVED, "--name", "goods", "--entire-dataset", "--force")
    assert searched("--project", MOVED) == []
    data("rename", "--project", PROJECT, "--name", "all goods", "--new-name", "everything")
    assert squashed._task.get_task(task_id=squashed.id).get_project_name() == f"{PROJECT}/.datasets/everything"


def main() -> None:
    """All of it; who made a version still reports of it in the background, and ends before it is deleted."""
    if sys.argv[1:] == ["make"]:
        make()
        return
    subprocess.run([sys.executable, __file__, "make"], check=True)
    remove()
    print("the commands are right")


if __name__ == "__main__":
    main()
