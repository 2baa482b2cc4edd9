"""What a run begins with: its definition, its arguments, the tasks of its steps, and its place among the pipelines."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from trackyard.core.services import Context
from trackyard.plugins.pipeline_controller.definition import Definition, from_nodes, read_definition
from trackyard.plugins.pipeline_controller.settings import PipelineSettings

TAG = "pipeline"
SECTION = "Args"
"""The section of the task's parameters that holds the pipeline's parameters, as with the SDK."""
FOLDER = "/.pipelines/"
Document = dict[str, Any]


async def task_of(context: Context, task: str, fields: list[str]) -> Document:
    """A task's fields; raises `ValueError` if it is not there."""
    found = (await context.call("tasks.get_all", id=[task], only_fields=["id", *fields], search_hidden=True))["tasks"]
    if not found:
        raise ValueError(f"task: there is no task {task}")
    document: Document = found[0]
    return document


def section(document: Document, name: str) -> dict[str, str]:
    """The parameters of one section of a task."""
    items = (document.get("hyperparams") or {}).get(name) or {}
    return {key: str(item.get("value") or "") for key, item in items.items()}


def nodes_of(document: Document) -> Document:
    """The steps that a pipeline task tells of; raises `ValueError` if it has none."""
    text = ((document.get("configuration") or {}).get("Pipeline") or {}).get("value") or ""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found:
        raise ValueError(f"task: {document['id']} is no pipeline: it has no configuration object Pipeline")
    return found


async def definition_of(context: Context, settings: PipelineSettings) -> tuple[Definition, Document | None]:
    """The pipeline to run, and the task it comes from, if any."""
    if settings.definition:
        return await asyncio.to_thread(read_definition, settings.definition), None
    source = await task_of(context, settings.task, ["name", "project", "hyperparams", "configuration"])
    text = section(source, "Settings").get("definition")
    if text:
        return await asyncio.to_thread(read_definition, text), source
    query = {"id": [source.get("project") or ""], "only_fields": ["name"], "search_hidden": True, "shallow_search": False}
    projects = (await context.call("projects.get_all", **query))["projects"]
    above, _, name = str(projects[0]["name"] if projects else "Pipelines").partition(FOLDER)
    return from_nodes(name or source["name"], above, nodes_of(source), section(source, SECTION)), source


async def base_of(context: Context, at: str, task: str) -> str:
    """The id of a step's task, given as an id or as ``project/name`` (the last changed of that name)."""
    fields = {"only_fields": ["id"], "search_hidden": True, "order_by": ["-last_update"], "page": 0, "page_size": 1}
    found = (await context.call("tasks.get_all", id=[task], **fields))["tasks"]
    project, _, name = task.rpartition("/")
    if not found and project and name:
        query = {"name": f"^{re.escape(project)}$", "only_fields": ["id"], "search_hidden": True}
        projects = [item["id"] for item in (await context.call("projects.get_all", **query))["projects"]]
        if projects:
            named = {"project": projects, "name": f"^{re.escape(name)}$"}
            found = (await context.call("tasks.get_all", **named, **fields))["tasks"]
    if not found:
        raise ValueError(f"{at}.task: found {task!r}; expected the id of a task, or project/name")
    return str(found[0]["id"])


async def place(context: Context, definition: Definition, arguments: dict[str, str]) -> str:
    """Put the service's task where the SDK puts pipelines, and its arguments into it; the id of its project."""
    project = f"{definition.project}{FOLDER}{definition.name}"
    await context.call("tasks.move", ids=[context.task], project_name=project)
    names = {project: [TAG, "hidden"], project.rpartition("/")[0]: ["hidden"]}
    pattern = "|".join(f"^{re.escape(name)}$" for name in names)
    query = {"name": pattern, "only_fields": ["id", "name", "system_tags"], "search_hidden": True, "shallow_search": False}
    found = {item["name"]: item for item in (await context.call("projects.get_all", **query))["projects"]}
    for name, tags in names.items():
        if name in found and not set(tags) <= set(found[name].get("system_tags") or []):
            await context.call("projects.update", project=found[name]["id"], system_tags=tags)
    own = await task_of(context, context.task, ["name", "system_tags", "runtime"])
    tags = sorted({*(own.get("system_tags") or []), TAG})
    runtime = {**(own.get("runtime") or {}), "version": definition.version}
    edited = {"system_tags": tags, "runtime": runtime} | ({"name": definition.name} if own["name"] == "Pipeline" else {})
    await context.call("tasks.edit", task=context.task, force=True, **edited)
    items = [{"section": SECTION, "name": name, "value": value} for name, value in arguments.items()]
    if items:
        await context.call("tasks.edit_hyper_params", task=context.task, hyperparams=items, force=True)
    return str(found[project]["id"])
