"""The registry of models: query, publish, archive, remove, and an imported model."""

from pathlib import Path

from clearml import InputModel, Model, OutputModel, Task

PROJECT = "Real clients/models"


def make(task: Task, name: str, tags: list[str], accuracy: str) -> OutputModel:
    """A model with weights."""
    model = OutputModel(task=task, name=name, tags=tags, framework="scikit-learn")
    path = Path(f"{name}.pkl")
    path.write_bytes(name.encode())
    model.update_weights(str(path), auto_delete_file=False, async_enable=False)
    assert model.set_metadata("accuracy", accuracy, "float")
    return model


def names(**query: object) -> list[str]:
    """The names of the models that a query finds."""
    return sorted(model.name for model in Model.query_models(project_name=PROJECT, **query))


def main() -> None:
    """All of it."""
    task = Task.init(PROJECT, "maker of models", output_uri=True, reuse_last_task_id=False)
    first = make(task, "model one", ["small", "good"], "0.5")
    second = make(task, "model two", ["large", "good"], "0.75")
    task.close()
    assert names() == ["model one", "model two"]
    assert names(model_name="model two") == ["model two"]
    assert names(tags=["good"]) == ["model one", "model two"]
    assert names(tags=["good", "-small"]) == ["model two"]
    assert names(metadata={"accuracy": "0.75"}) == ["model two"]
    assert names(max_results=1) == ["model two"], "the newest comes first"
    assert names(only_published=True) == []
    Model(first.id).publish()
    assert names(only_published=True) == ["model one"]
    Model(second.id).archive()
    assert names() == ["model one"]
    assert names(include_archived=True) == ["model one", "model two"]
    Model(second.id).unarchive()
    assert Model.remove(second.id, delete_weights_file=True, force=True)
    assert names() == ["model one"]
    imported = InputModel.import_model("https://example.invalid/weights.bin", name="imported", project=PROJECT, framework="Keras")
    again = InputModel.import_model("https://example.invalid/weights.bin", name="imported", project=PROJECT)
    assert again.id == imported.id, "one address is one model"
    read_metadata(first)
    change(Model(first.id), Task.get_task(task_id=task.id))
    print("the models are right")


def read_metadata(model: OutputModel) -> None:
    """As text, as what it is, all at once; replaced and added to."""
    assert model.set_metadata("rows", "12", "int")
    assert model.set_metadata("layers", "[1, 2]", "list")
    read = Model(model.id)
    assert read.get_metadata("accuracy") == "0.5"
    assert read.get_metadata_casted("rows") == 12
    assert read.get_metadata("missing") is None
    everything = {name: (item["type"], item["value"]) for name, item in read.get_all_metadata().items()}
    assert everything == {"accuracy": ("float", "0.5"), "rows": ("int", "12"), "layers": ("list", "[1, 2]")}
    assert read.get_all_metadata_casted()["rows"] == 12
    assert model.set_all_metadata({"one": {"type": "str", "value": "1"}}, replace=True)
    assert list(Model(model.id).get_all_metadata()) == ["one"]
    assert names(metadata={"one": "1"}) == ["model one"]
    assert names(metadata={"one": "2"}) == []


def change(model: Model, maker: Task) -> None:
    """Name, comment, tags, labels, configuration; what the model reports; its weights."""
    assert (model.published, model.framework, model.name) == (True, "scikit-learn", "model one")
    assert Path(model.get_local_copy()).read_bytes() == b"model one"
    model.name = "renamed"
    model.comment = "a comment"
    model.tags = ["renamed"]
    again = Model(model.id)
    assert (again.name, again.comment, again.tags) == ("renamed", "a comment", ["renamed"])
    assert names(tags=["__$all", "renamed", "__$not", "good"]) == ["renamed"]
    output = OutputModel(task=maker, name="designed", config_dict={"layers": 3}, label_enumeration={"cat": 1})
    output.report_scalar("loss", "train", value=0.5, iteration=1)
    output.report_single_value("accuracy", 0.75)
    read = InputModel(output.id)
    assert (read.config_dict, read.labels) == ({"layers": 3}, {"cat": 1})


if __name__ == "__main__":
    main()
