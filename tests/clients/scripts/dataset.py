"""Versions of a dataset: create, add, upload, finalize, child, squash, list, get, delete."""

from pathlib import Path

from clearml import Dataset, Task

PROJECT, NAME = "Real clients/data", "pictures of things"


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


def main() -> None:
    """All of it."""
    first = first_version()
    second = second_version(first)
    found = Dataset.get(dataset_name=NAME, dataset_project=PROJECT, silence_alias_warnings=True)
    assert found.id == second.id
    assert found.get_dependency_graph()[second.id] == [first.id]
    assert content_of(found) == {"a.txt": "changed", "c.txt": "c"}
    old = Dataset.get(dataset_id=first.id, silence_alias_warnings=True)
    assert content_of(old) == {"a.txt": "a", "below/b.txt": "b"}
    assert old.get_metadata("facts") == {"rows": 2}
    assert (
        Dataset.get(dataset_name=NAME, dataset_project=PROJECT, dataset_tags=["raw"], silence_alias_warnings=True).id == first.id
    )
    squashed = Dataset.squash("squashed things", dataset_ids=[first.id, second.id])
    assert content_of(squashed) == {"a.txt": "changed", "below/b.txt": "b", "c.txt": "c"}, (
        "all files of all versions, the later ones win"
    )
    listed = Dataset.list_datasets(dataset_project=PROJECT, partial_name="pictures")
    assert sorted(item["id"] for item in listed) == sorted([first.id, second.id])
    assert sorted(item["version"] for item in listed) == ["1.0.0", "1.0.1"]
    Dataset.delete(dataset_id=second.id)
    assert [item["id"] for item in Dataset.list_datasets(dataset_project=PROJECT, partial_name="pictures")] == [first.id]
    assert not Task.query_tasks(project_name=PROJECT), "datasets are hidden from ordinary queries"
    print("the dataset is right")


if __name__ == "__main__":
    main()
