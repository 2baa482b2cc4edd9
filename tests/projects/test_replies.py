"""What is answered is what the document of the API says."""

from typing import Any

import msgspec
import pytest

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_answer_has_the_declared_shape(shelf: Shelf) -> None:
    project, other = await shelf.project("answered/one"), await shelf.project("answered/two")
    task, report = await shelf.task(project=project), await shelf.report(project=project)
    model = await shelf.model(project=project, framework="Keras")
    item = {"key": "k", "value": "v"}
    calls: dict[str, dict[str, Any]] = {
        "projects.create": {"name": "answered/three"},
        "projects.update": {"project": project, "tags": ["t"]},
        "projects.move": {"project": other, "new_location": "moved"},
        "projects.merge": {"project": other, "destination_project": project},
        "projects.make_public": {"ids": [project]},
        "projects.make_private": {"ids": [project]},
        **{f"projects.{action}": {"project": project} for action in ("get_by_id", "validate_delete", "get_hyper_parameters")},
        **{f"projects.{action}": {} for action in ("get_all", "get_all_ex", "get_task_parents", "get_user_names")},
        **{f"projects.{action}": {"include_system": True} for action in ("get_task_tags", "get_model_tags", "get_project_tags")},
        "projects.get_hyperparam_values": {"section": "s", "name": "n"},
        "projects.get_model_metadata_keys": {"project": project},
        "projects.get_model_metadata_values": {"key": "k"},
        "projects.get_unique_metric_variants": {"ids": [task]},
        "models.create": {"name": "answered", "uri": "http://files.test/a"},
        "models.edit": {"model": model, "comment": "c"},
        "models.update": {"model": model, "comment": "d"},
        "models.add_or_update_metadata": {"model": model, "metadata": [item]},
        "models.delete_metadata": {"model": model, "keys": ["k"]},
        "models.get_by_id": {"model": model},
        **{f"models.{action}": {} for action in ("get_by_id_ex", "get_all", "get_all_ex", "get_frameworks")},
        **{f"models.{action}": {"ids": [model]} for action in ("archive_many", "unarchive_many", "publish_many")},
        "models.update_tags": {"ids": [model], "add_tags": ["t"]},
        "models.move": {"ids": [model], "project": None},
        "models.make_public": {"ids": [model]},
        "models.make_private": {"ids": [model]},
        "models.set_ready": {"model": await shelf.model()},
        "models.delete": {"model": await shelf.model()},
        "models.delete_many": {"ids": [model]},
        "organization.get_tags": {"include_system": True},
        "organization.get_entities_count": {"tasks": {}},
        "reports.create": {"name": "answered"},
        "reports.update": {"task": report, "report": "text"},
        "reports.publish": {"task": report},
        "reports.archive": {"task": report},
        "reports.unarchive": {"task": report},
        "reports.move": {"task": report, "project": project},
        "reports.get_all_ex": {},
        "reports.get_tags": {},
        "reports.get_task_data": {"id": [task], "single_value_metrics": {}},
        "reports.delete": {"task": report, "force": True},
        "storage.set_settings": {"aws": {}},
        "storage.reset_settings": {"keys": ["aws"]},
        "projects.delete": {"project": project, "force": True, "delete_contents": True},
    }
    own = [
        endpoint for endpoint in shelf.kernel.endpoints.all() if endpoint.service in {name.partition(".")[0] for name in calls}
    ]
    assert {endpoint.name for endpoint in own if endpoint.reply} == calls.keys()
    kinds = {endpoint.name: endpoint.reply for endpoint in own}
    for name, body in calls.items():
        answer = await shelf.call(name, **body)
        msgspec.convert(answer, kinds[name])
        if isinstance(kinds[name], type) and issubclass(kinds[name], msgspec.Struct):
            declared = {field.encode_name for field in msgspec.structs.fields(kinds[name])}
            assert answer.keys() <= declared, name
