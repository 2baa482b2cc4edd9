"""What the endpoints of tasks ask for. Nested documents are declared for their types only; they are stored as sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

import msgspec
from trackyard.core.protocol.requests import IdsRequest, QueryRequest, Request, Whole

CreatedType = Literal[
    "training",
    "testing",
    "inference",
    "data_processing",
    "application",
    "monitor",
    "controller",
    "optimizer",
    "service",
    "qc",
    "custom",
]
AnyType = Literal[CreatedType, "report"]
Mode = Literal["input", "output"]
Status = Literal[
    "created", "queued", "in_progress", "stopped", "published", "publishing", "closed", "failed", "completed", "unknown"
]


class ParameterItem(Request, kw_only=True):
    """One hyperparameter. Values are texts."""

    section: str | None = None
    name: str | None = None
    value: str | None = None
    type: str | None = None
    description: str | None = None


class ParameterKey(Request, kw_only=True):
    """A hyperparameter, or a whole section when ``name`` is absent."""

    section: str | None = None
    name: str | None = None


class ConfigurationItem(Request, kw_only=True):
    """One configuration object: a text, often HOCON, YAML or JSON."""

    name: str | None = None
    value: str | None = None
    type: str | None = None
    description: str | None = None


class ArtifactKey(Request, kw_only=True):
    """Which artifact: ``key`` and ``mode`` (default: output) together name it."""

    key: str
    mode: Mode | None = None


class ArtifactTypeData(Request, kw_only=True):
    """What is known of an artifact's content."""

    preview: str | None = None
    content_type: str | None = None
    data_hash: str | None = None


class Artifact(ArtifactKey, kw_only=True):
    """A file of a task. ``hash`` is SHA-256, ``timestamp`` in seconds, ``content_size`` in bytes."""

    type: str
    uri: str | None = None
    content_size: int | None = None
    hash: str | None = None
    timestamp: int | None = None
    type_data: ArtifactTypeData | None = None
    display_data: list[list[str]] | None = None


class Execution(Request, kw_only=True):
    """How a task runs. ``parameters`` and ``docker_cmd`` are of old clients."""

    queue: str | None = None
    parameters: dict[str, Any] | None = None
    model: str | None = None
    model_desc: dict[str, Any] | None = None
    model_labels: dict[str, int] | None = None
    framework: str | None = None
    docker_cmd: str | None = None
    artifacts: list[Artifact] | None = None


class Script(Request, kw_only=True):
    """The code of a task. ``requirements`` holds texts or lists by package manager."""

    binary: str | None = None
    repository: str | None = None
    tag: str | None = None
    branch: str | None = None
    version_num: str | None = None
    entry_point: str | None = None
    working_dir: str | None = None
    requirements: dict[str, Any] | None = None
    diff: str | None = None


class ModelItem(Request, kw_only=True):
    """A model of a task, under the task's name for it."""

    name: str
    model: str


class TaskModels(Request, kw_only=True):
    """The models that a task reads and makes."""

    input: list[ModelItem] | None = None
    output: list[ModelItem] | None = None


class TaskRequest(Request, kw_only=True):
    """Asks for one task."""

    task: str


class TasksRequest(Request, kw_only=True):
    """Asks for several tasks."""

    tasks: list[str]


class DescribedRequest(Request, kw_only=True):
    """The fields by which a task is created or edited."""

    tags: list[str] | None = None
    system_tags: list[str] | None = None
    comment: str | None = None
    parent: str | None = None
    project: str | None = None
    output_dest: str | None = None
    execution: Execution | None = None
    script: Script | None = None
    hyperparams: dict[str, dict[str, ParameterItem]] | None = None
    configuration: dict[str, ConfigurationItem] | None = None
    models: TaskModels | None = None
    container: dict[str, str | None] | None = None


class CreateRequest(DescribedRequest, kw_only=True):
    """A new task."""

    name: str
    type: CreatedType


class EditRequest(DescribedRequest, kw_only=True):
    """Changes of a task. Outside of ``created`` they need ``force``."""

    task: str
    force: bool = False
    name: str | None = None
    type: AnyType | None = None
    runtime: dict[str, Any] | None = None


class UpdateRequest(TaskRequest, kw_only=True):
    """Changes that are possible in any status."""

    name: str | None = None
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    comment: str | None = None
    project: str | None = None
    status_message: str | None = None
    output__error: str | None = None
    created: datetime | None = None


class BatchRequest(Request, kw_only=True):
    """One ``tasks.update`` body per line (JSON lines)."""


class RequirementsRequest(TaskRequest, kw_only=True):
    """The packages of a task, by package manager."""

    requirements: dict[str, Any]


class TextRequest(TaskRequest, kw_only=True):
    """A change of status and what the caller says of it; what was said before is wiped."""

    status_reason: str | None = None
    status_message: str | None = None


class StatusRequest(TextRequest, kw_only=True):
    """A change of status; ``force`` goes round the table of transitions."""

    force: bool = False


class CompletedRequest(StatusRequest, kw_only=True):
    """A task is done; ``publish`` publishes it at once."""

    publish: bool = False


class StopRequest(StatusRequest, kw_only=True):
    """A request to stop; ``include_pipeline_steps`` stops the steps of a pipeline too."""

    include_pipeline_steps: bool = False


class PublishRequest(StatusRequest, kw_only=True):
    """Publish a task and, unless ``publish_model`` is false, its last output model."""

    publish_model: bool = True


class EnqueueRequest(StatusRequest, kw_only=True):
    """Put a task into a queue, by id or by name (it is created if there is none of that name); without both the default queue.

    ``validate_tasks`` checks first that the project and the input models exist.
    """

    queue: str | None = None
    queue_name: str | None = None
    verify_watched_queue: bool = False
    update_execution_queue: bool = True
    validate_tasks: bool = False


class DequeueRequest(TextRequest, kw_only=True):
    """Take a task out of its queue; ``new_status`` instead of the one before it was queued."""

    new_status: Status | None = None
    remove_from_all_queues: bool = False


class CleanupRequest(StatusRequest, kw_only=True):
    """What goes with the results of a task. ``return_file_urls`` answers the addresses of all its files."""

    return_file_urls: bool = False
    delete_output_models: bool = True
    delete_external_artifacts: bool = True


class ResetRequest(CleanupRequest, kw_only=True):
    """Throw away the results of a task and make it a draft; ``clear_all`` forgets execution and script too."""

    clear_all: bool = False


class DeleteRequest(CleanupRequest, kw_only=True):
    """Delete a task; ``include_pipeline_steps`` deletes the steps of a pipeline too. There is no trash: it is gone."""

    move_to_trash: bool = False
    include_pipeline_steps: bool = False


class ArchiveRequest(TasksRequest, kw_only=True):
    """Archive tasks, all or none; ``include_pipeline_steps`` takes the steps of a pipeline along."""

    status_reason: str | None = None
    status_message: str | None = None
    include_pipeline_steps: bool = False


class ArchiveOneRequest(TextRequest, kw_only=True):
    """Archive a task, or take it out of the archive."""

    include_pipeline_steps: bool = False


def many_of(single: type[TaskRequest]) -> type[IdsRequest]:
    """The request for doing to several tasks what ``single`` asks for one: ``ids`` in place of ``task``."""
    name = single.__name__.replace("One", "").replace("Request", "ManyRequest")
    fields = [(one.name, one.type, one.default) for one in msgspec.structs.fields(single) if one.name != "task"]
    namespace = {"__doc__": f"As ``{single.__name__}``, for several tasks."}
    made = msgspec.defstruct(name, fields, bases=(IdsRequest,), namespace=namespace, module=__name__, kw_only=True)
    return cast("type[IdsRequest]", made)


StopManyRequest = many_of(StopRequest)
PublishManyRequest = many_of(PublishRequest)
EnqueueManyRequest = many_of(EnqueueRequest)
DequeueManyRequest = many_of(DequeueRequest)
ResetManyRequest = many_of(ResetRequest)
DeleteManyRequest = many_of(DeleteRequest)
ArchiveManyRequest = many_of(ArchiveOneRequest)


class CloneRequest(TaskRequest, kw_only=True):
    """A draft with the inputs of another task; what is given here replaces what the other has."""

    new_task_name: str | None = None
    new_task_comment: str | None = None
    new_task_tags: list[str] | None = None
    new_task_system_tags: list[str] | None = None
    new_task_parent: str | None = None
    new_task_project: str | None = None
    new_project_name: str | None = None
    new_task_hyperparams: dict[str, dict[str, ParameterItem]] | None = None
    new_task_configuration: dict[str, ConfigurationItem] | None = None
    new_task_container: dict[str, str | None] | None = None
    new_task_input_models: list[ModelItem] | None = None
    execution_overrides: Execution | None = None
    validate_references: bool = False


class ForcedTaskRequest(TaskRequest, kw_only=True):
    """A change of a part of a task; ``force`` allows it while the task runs."""

    force: bool = False


class ArtifactsRequest(ForcedTaskRequest, kw_only=True):
    """Artifacts to add, or to replace when key and mode are the same."""

    artifacts: list[Artifact]


class ArtifactKeysRequest(ForcedTaskRequest, kw_only=True):
    """Artifacts to forget."""

    artifacts: list[ArtifactKey]


class AddModelRequest(TaskRequest, kw_only=True):
    """A model of a task; one of the same name is replaced. ``iteration`` moves the task's last iteration."""

    name: str
    model: str
    type: Mode
    iteration: Whole | None = None


class ModelKey(Request, kw_only=True):
    """A model of a task by its name there."""

    name: str
    type: Mode


class DeleteModelsRequest(TaskRequest, kw_only=True):
    """Models that a task no longer has."""

    models: list[ModelKey]


class EditParametersRequest(ForcedTaskRequest, kw_only=True):
    """Hyperparameters to set. ``section`` replaces the sections that occur, ``all`` every section."""

    hyperparams: list[ParameterItem]
    replace_hyperparams: Literal["none", "section", "all"] | None = None


class DeleteParametersRequest(ForcedTaskRequest, kw_only=True):
    """Hyperparameters, or whole sections, to forget."""

    hyperparams: list[ParameterKey]


class ConfigurationsRequest(TasksRequest, kw_only=True):
    """Configuration objects of tasks, all or those of some names."""

    names: list[str] | None = None


class ConfigurationNamesRequest(TasksRequest, kw_only=True):
    """Names of configuration objects; ``skip_empty`` leaves out those without a value."""

    skip_empty: bool = True


class EditConfigurationRequest(ForcedTaskRequest, kw_only=True):
    """Configuration objects to set; ``replace_configuration`` forgets all others."""

    configuration: list[ConfigurationItem]
    replace_configuration: bool = False


class DeleteConfigurationRequest(ForcedTaskRequest, kw_only=True):
    """Configuration objects to forget, by name."""

    configuration: list[str]


class TypesRequest(Request, kw_only=True):
    """Projects whose tasks are looked at; without any, all."""

    projects: list[str] | None = None


class FieldsPattern(Request, kw_only=True):
    """A pattern (a regular expression, in any case) or times (``>=…``) that some or all of the fields must meet."""

    fields: list[str] | None = None
    pattern: str | None = None
    datetime: list[str] | str | None = None


class TaskQuery(QueryRequest, kw_only=True):
    """Which tasks; all conditions must hold. Further ones are dotted, such as ``hyperparams.Args.lr.value``."""

    id: list[str | None] | None = None
    name: str | None = None
    user: list[str | None] | None = None
    project: list[str | None] | None = None
    type: list[str | None] | None = None
    tags: list[str | None] | None = None
    system_tags: list[str | None] | None = None
    status: list[str | None] | None = None
    parent: list[str | None] | None = None
    status_changed: list[str] | None = None
    include_subprojects: bool = False
    any_: FieldsPattern | None = msgspec.field(name="_any_", default=None)
    all_: FieldsPattern | None = msgspec.field(name="_all_", default=None)


class TaskExQuery(TaskQuery, kw_only=True):
    """As `TaskQuery`, with the conditions of the web: ``allow_public`` and ``filters`` on lists."""

    allow_public: bool = True
    filters: dict[str, Any] | None = None
