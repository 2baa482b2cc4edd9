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
    print("the models are right")


if __name__ == "__main__":
    main()
