"""Versions of a dataset: create, add, upload, finalize, child, squash, list, get, delete."""

import subprocess
import sys
from inspect import signature
from pathlib import Path

from clearml import Dataset, Task

PROJECT, NAME = "Real clients/data", "pictures of things"


def got(**query: object) -> Dataset:
    """A dataset by a query; not told to the task that runs."""
    quiet = {"silence_alias_warnings": True} if "silence_alias_warnings" in signature(Dataset.get).parameters else {}
    return Dataset.get(**query, **quiet)


def write(folder: str, files: dict[str, str]) -> str:
    """A folder with files."""
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def content_of(dataset: Dataset) -> dict[str, str]:
    """The files of a local copy."""
    copy = Path(dataset.get_local_copy())
    return {str(path.relative_to(copy)): path.read_text() for path in sorted(copy.rglob("*")) if path.is_file()}


def first_version() -> Dataset:
    """A version of its own."""
    dataset = Dataset.create(NAME, PROJECT, dataset_tags=["raw"], description="Things, as text")
    dataset.add_files(write("first", {"a.txt": "a", "below/b.txt": "b"}), verbose=False)
    dataset.set_metadata({"rows": 2}, metadata_name="facts", ui_visible=False)
    dataset.upload(show_progress=False)
    assert dataset.finalize()
    return dataset


def second_version(parent: Dataset) -> Dataset:
    """A child that changes, adds and removes files."""
    dataset = Dataset.create(NAME, PROJECT, parent_datasets=[parent.id])
    dataset.add_files(write("second", {"a.txt": "changed", "c.txt": "c"}), verbose=False)
    assert dataset.remove_files("below/b.txt") == 1
    dataset.upload(show_progress=False)
    assert dataset.finalize()
    return dataset


def third_version(first: Dataset) -> None:
    """A folder that is synchronised; copies that may be changed; parts; what has changed; links; a table of statistics."""
    dataset = Dataset.create("kept in step", PROJECT, parent_datasets=[first.id], dataset_version="2.0", use_current_task=False)
    dataset.sync_folder(write("third", {"a.txt": "a", "c.txt": "c"}), verbose=False)
    assert (dataset.list_added_files(), dataset.list_removed_files()) == (["c.txt"], ["below/b.txt"])
    dataset.upload(show_progress=False)
    assert dataset.finalize()
    assert dataset.verify_dataset_hash() == []
    assert dataset.get_dependency_graph()[dataset.id] == [first.id]
    copy = Path(dataset.get_mutable_local_copy("mutable"))
    assert {path.name for path in copy.rglob("*.txt")} == {"a.txt", "c.txt"}
    Path(copy, "a.txt").write_text("broken")
    assert dataset.verify_dataset_hash(local_copy_path=str(copy)) == ["a.txt"]
    assert content_of(dataset) == {"a.txt": "a", "c.txt": "c"}
    assert dataset.publish()
    dataset.tags = ["published", "third"]
    again = got(dataset_project=PROJECT, dataset_name="kept in step", dataset_version="2.0", only_published=True)
    assert (again.id, sorted(again.tags), again.version) == (dataset.id, ["published", "third"], "2.0")
    assert again.list_files(dataset_path="c*") == ["c.txt"]


def make() -> None:
    """All versions, their squash and their list."""
    first = first_version()
    second = second_version(first)
    found = got(dataset_name=NAME, dataset_project=PROJECT)
    assert found.id == second.id
    assert found.get_dependency_graph()[second.id] == [first.id]
    assert content_of(found) == {"a.txt": "changed", "c.txt": "c"}
    old = got(dataset_id=first.id)
    assert content_of(old) == {"a.txt": "a", "below/b.txt": "b"}
    assert old.get_metadata("facts") == {"rows": 2}
    assert got(dataset_name=NAME, dataset_project=PROJECT, dataset_tags=["raw"]).id == first.id
    third_version(first)
    squashed = Dataset.squash("squashed things", dataset_ids=[first.id, second.id])
    assert content_of(squashed) == {"a.txt": "changed", "below/b.txt": "b", "c.txt": "c"}, (
        "all files of all versions, the later ones win"
    )
    listed = Dataset.list_datasets(dataset_project=PROJECT, partial_name="pictures")
    assert sorted(item["id"] for item in listed) == sorted([first.id, second.id])
    assert sorted(item["version"] for item in listed) == ["1.0.0", "1.0.1"]


def remove() -> None:
    """Delete the second version; move and rename the first."""
    first, second = (got(dataset_project=PROJECT, dataset_name=NAME, dataset_version=version) for version in ("1.0.0", "1.0.1"))
    Dataset.delete(dataset_id=second.id)
    assert [item["id"] for item in Dataset.list_datasets(dataset_project=PROJECT, partial_name="pictures")] == [first.id]
    Dataset.move_to_project(f"{PROJECT}/moved", dataset_project=PROJECT, dataset_name=NAME)
    (moved,) = Dataset.list_datasets(dataset_project=f"{PROJECT}/moved")
    assert (moved["id"], moved["project"]) == (first.id, f"{PROJECT}/moved")
    Dataset.rename("renamed", dataset_project=f"{PROJECT}/moved", dataset_name=NAME)
    assert Task.get_task(task_id=first.id).get_project_name() == f"{PROJECT}/moved/.datasets/renamed"
    assert not Task.query_tasks(project_name=PROJECT), "datasets are hidden from ordinary queries"


def main() -> None:
    """All of it; who made a version still reports of it in the background, and ends before it is deleted."""
    if sys.argv[1:] == ["make"]:
        make()
        return
    subprocess.run([sys.executable, __file__, "make"], check=True)
    remove()
    print("the dataset is right")


if __name__ == "__main__":
    main()
