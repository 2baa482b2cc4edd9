"""The settings of the service ``pipeline``."""

from __future__ import annotations

from typing import Annotated

import msgspec


class PipelineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[pipeline_controller]``: the defaults of the service that runs pipelines.

    ``definition`` is the pipeline as YAML; without it, that of the pipeline task ``task`` is run once more. ``parameters``
    replace the pipeline's. With ``resume`` the steps that ``task`` completed are not run again.
    """

    definition: Annotated[str, msgspec.Meta(description="The pipeline as YAML")] = ""
    task: Annotated[str, msgspec.Meta(description="Without a definition: the id of a pipeline task to run once more")] = ""
    resume: Annotated[bool, msgspec.Meta(description="Keep the steps that this task completed")] = False
    parameters: Annotated[dict[str, str], msgspec.Meta(description="Values of the pipeline's parameters, by name")] = {}
    queue: Annotated[str, msgspec.Meta(min_length=1, description="The queue of steps that name none")] = "default"
    poll_seconds: Annotated[float, msgspec.Meta(gt=0, description="Seconds between two looks at the steps")] = 5.0
