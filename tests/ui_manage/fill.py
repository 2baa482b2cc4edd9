"""A dataset with two versions and a pipeline with a run of three steps, as the SDK writes them."""

from __future__ import annotations

import json

from trackyard.core.testing.http import Api


async def dataset(api: Api, place: str, name: str, file: str) -> tuple[str, list[str]]:
    """The hidden project of a dataset and its two versions, the second after the first."""
    project = await _hidden(api, f"{place}/.datasets/{name}", "dataset")
    versions: list[str] = []
    for number in (1, 2):
        runtime = {"version": f"1.{number}.0", "ds_file_count": number, "ds_total_size": 2048 * number, "ds_change_add": 1}
        body = {"name": name, "type": "data_processing", "project": project, "system_tags": ["dataset"]}
        versions.append(str((await api.call("tasks.create", body))["id"]))
        await api.call("tasks.edit", {"task": versions[-1], "runtime": runtime})
    struct = {
        str(at): {"job_id": task, "parents": [str(at - 1)] if at else [], "name": name, "version": f"1.{at + 1}.0"}
        for at, task in enumerate(versions)
    }
    content = f'File Name (2 files), File Size (total 4 KB), Hash (SHA2)\n"{file}", 2048, aa\nimages/two.png, 2048, bb'
    objects = [
        {"name": "Dataset Struct", "type": "json", "value": json.dumps(struct)},
        {"name": "Dataset Content", "type": "CSV", "value": content},
    ]
    await api.call("tasks.edit_configuration", task=versions[1], configuration=objects)
    return project, versions


async def pipeline(api: Api, place: str, name: str, step: str) -> tuple[str, str]:
    """The hidden project of a pipeline and its run: one step done, one at work, one that waits for both."""
    project = await _hidden(api, f"{place}/.pipelines/{name}", "pipeline")
    arguments = {"Args": {"epochs": {"section": "Args", "name": "epochs", "value": "10", "type": "int"}}}
    script = {"repository": "https://example.com/code.git", "entry_point": "pipeline.py"}
    body = {"name": name, "type": "controller", "project": project, "system_tags": ["pipeline"], "hyperparams": arguments}
    run = str((await api.call("tasks.create", body | {"script": script}))["id"])
    jobs = [(await api.call("tasks.create", {"name": part, "type": "custom", "parent": run}))["id"] for part in ("one", "two")]
    await api.call("tasks.started", task=run)
    for job in jobs:
        await api.call("tasks.started", task=job)
    await api.call("tasks.completed", task=jobs[0])
    dag = {
        "prepare": {"job_id": jobs[0], "parents": []},
        step: {"job_id": jobs[1], "parents": ["prepare"]},
        "evaluate": {"job_id": None, "parents": [step, "prepare"]},
    }
    objects = [{"name": "Pipeline", "type": "dictionary", "value": json.dumps(dag)}]
    await api.call("tasks.edit_configuration", {"task": run, "configuration": objects, "force": True})
    return project, run


async def _hidden(api: Api, name: str, kind: str) -> str:
    return str((await api.call("projects.create", {"name": name, "system_tags": ["hidden", kind]}))["id"])
