"""APIClient: every service. Services that the package has no classes for are called by the session of the same client."""

import json
import time
from pathlib import Path
from typing import Any

from clearml.backend_api.session.client import APIClient, APIError

PROJECT = f"Real clients/api client of {Path.cwd().name}"
NOW = int(time.time() * 1000)


class Services:
    """The client, and calls of the services that it has no classes for."""

    def __init__(self) -> None:
        self.client = APIClient()

    def __call__(self, endpoint: str, **fields: Any) -> Any:
        """The data of an answer, which must be good."""
        service, _, action = endpoint.partition(".")
        answer = self.client.session.send_request(service, action, json=fields, method="post")
        body = answer.json()
        assert answer.status_code == 200, (endpoint, body)
        assert body["meta"]["result_code"] == 200
        return body["data"]


def codes_of_unknown_task(client: APIClient) -> tuple[int, int] | None:
    """What is answered for a task that does not exist."""
    try:
        client.tasks.get_by_id(task="0" * 32)
    except APIError as error:
        return tuple(error.codes)
    return None


def projects_tasks_and_models(client: APIClient) -> tuple[str, str, str]:
    """The services ``projects``, ``tasks`` and ``models``; the ids of one of each."""
    project = client.projects.create(name=PROJECT, description="made by APIClient").id
    task = client.tasks.create(name="a task of APIClient", type="testing", project=project, tags=["t"]).id
    model = client.models.create(uri="https://example.invalid/model", name="a model of APIClient", project=project).id
    assert [found.id for found in client.tasks.get_all(project=[project], only_fields=["id"])] == [task]
    assert client.tasks.get_by_id(task=task).name == "a task of APIClient"
    assert client.projects.get_by_id(project=project).description == "made by APIClient"
    assert [found.id for found in client.models.get_all(id=[model])] == [model]
    assert client.projects.update(project=project, description="changed").updated == 1
    assert client.projects.get_unique_metric_variants(project=project).metrics == []
    client.tasks.add_or_update_artifacts(task=task, artifacts=[{"key": "a", "type": "dict", "uri": "https://example.invalid/a"}])
    client.tasks.edit_hyper_params(task=task, hyperparams=[{"section": "Args", "name": "rate", "value": "1"}])
    assert client.tasks.get_hyper_params(tasks=[task]).params[0]["hyperparams"][0]["value"] == "1"
    assert client.models.edit(model=model, comment="changed", ready=False).updated == 1
    assert client.models.set_ready(model=model, publish_task=False).updated == 1
    assert codes_of_unknown_task(client) == (400, 101)
    return project, task, model


def queues_and_workers(client: APIClient, task: str) -> None:
    """The services ``queues`` and ``workers``."""
    queue, worker = client.queues.create(name=f"queue {task}").id, f"worker {task}:0"
    client.tasks.enqueue(task=task, queue=queue)
    assert client.queues.get_num_entries(queue=queue).num == 1
    assert client.queues.peek_task(queue=queue).task == task
    assert client.queues.move_task_to_front(queue=queue, task=task).position == 0
    assert client.tasks.dequeue(task=task).dequeued == 1
    assert client.queues.get_default().id
    client.workers.register(worker=worker, queues=[queue], timeout=600)
    client.workers.status_report(worker=worker, timestamp=NOW, queues=[queue])
    assert worker in [found.id for found in client.workers.get_all()]
    assert client.workers.get_activity_report(from_date=NOW / 1000 - 60, to_date=NOW / 1000, interval=60).total is not None
    client.workers.unregister(worker=worker)
    client.queues.delete(queue=queue)


def events(client: APIClient, call: Services, task: str) -> None:
    """The service ``events``."""
    scalar = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train", "iter": 1, "value": 0.5}
    line = {"type": "log", "task": task, "level": "info", "worker": "here", "msg": "hello", "timestamp": NOW}
    (answer,) = client.session.send_request_batch("events", "add_batch", json=[scalar, line], method="post")
    assert answer.json()["data"]["added"] == 2
    assert client.events.get_task_log(task=task).events[0]["msg"] == "hello"
    assert client.events.get_task_latest_scalar_values(task=task).metrics[0]["name"] == "loss"
    curves = call("events.scalar_metrics_iter_histogram", task=task)
    assert curves["loss"]["train"]["y"] == [0.5]
    assert client.tasks.get_by_id(task=task).last_iteration == 1


def people(call: Services) -> None:
    """The services ``auth``, ``login``, ``users`` and ``organization``."""
    assert call("auth.login")["token"]
    assert "basic" in call("login.supported_modes")
    user = call("users.get_current_user")["user"]
    assert user["id"] in [found["id"] for found in call("users.get_all_ex")["users"]]
    call("users.set_preferences", preferences={"api_client": {"seen": True}})
    assert call("users.get_preferences")["preferences"]["api_client"] == {"seen": True}
    made = call("auth.create_credentials", label="of APIClient")["credentials"]
    assert made["access_key"] in [item["access_key"] for item in call("auth.get_credentials")["credentials"]]
    assert call("auth.revoke_credentials", access_key=made["access_key"])["revoked"] == 1
    assert "t" in call("organization.get_tags")["tags"]
    assert call("organization.get_user_companies")["companies"]


def machine(call: Services) -> None:
    """The services ``server``, ``debug``, ``storage`` and ``serving``."""
    assert call("debug.ping")["msg"]
    assert call("server.info")["version"]
    assert "tasks.get_all" in json.dumps(call("server.endpoints"))
    assert call("server.config") is not None
    google = {"buckets": [{"bucket": "of-api-client", "credentials_json": "secret"}]}
    assert call("storage.set_settings", google=google)["updated"] == 1
    assert call("storage.get_settings")["settings"]["google"]["buckets"][0]["bucket"] == "of-api-client"
    assert call("storage.reset_settings", keys=["google"])["updated"] == 1
    container = {"container_id": "container of APIClient", "endpoint_name": "endpoint of APIClient", "model_name": "m"}
    container |= {"endpoint_url": "http://127.0.0.1:1/e", "model_source": "s", "model_version": "1"}
    call("serving.register_container", **container, timeout=600)
    call("serving.container_status_report", **container, uptime_sec=1, requests_num=2, requests_min=1.0, latency_ms=5)
    assert "endpoint of APIClient" in json.dumps(call("serving.get_endpoints"))
    call("serving.unregister_container", container_id=container["container_id"])


def reports(call: Services, client: APIClient, task: str) -> None:
    """The service ``reports``: made, filled, found, with the data of a task, moved, published, deleted."""
    report = call("reports.create", name="a report", project=None, report="# Results", comment="first", tags=["weekly"])["id"]
    assert call("reports.update", task=report, report="# Results\n![](a.png)", report_assets=["a.png"])["updated"] == 1
    (found,) = call("reports.get_all_ex", id=[report])["tasks"]
    assert (found["report"], found["report_assets"], found["tags"]) == ("# Results\n![](a.png)", ["a.png"], ["weekly"])
    assert "weekly" in call("reports.get_tags")["tags"]
    data = call("reports.get_task_data", id=[task], scalar_metrics_iter_histogram={"metrics": [{"metric": "loss"}]})
    assert [item["id"] for item in data["tasks"]] == [task]
    moved = call("reports.move", task=report, project_name=f"{PROJECT}/reports")["project_id"]
    assert client.tasks.get_by_id(task=report).project == moved
    assert call("reports.archive", task=report)["archived"] == 1
    assert call("reports.unarchive", task=report)["unarchived"] == 1
    assert call("reports.publish", task=report)["updated"] == 1
    assert call("reports.delete", task=report, force=True)["deleted"] == 1


def pipelines(call: Services, client: APIClient, project: str) -> None:
    """The service ``pipelines``: a pipeline is started from a run of it, and its runs are deleted."""
    hyperparams = {"Args": {"rate": {"section": "Args", "name": "rate", "value": "1"}}}
    made = client.tasks.create(name="a pipeline", type="controller", project=project, hyperparams=hyperparams).id
    queue = client.queues.create(name=f"pipelines {made}").id
    started = call("pipelines.start_pipeline", task=made, queue=queue, args=[{"name": "rate", "value": "2"}])
    assert started["enqueued"]
    assert client.tasks.get_by_id(task=started["pipeline"]).hyperparams["Args"]["rate"].value == "2"
    client.queues.delete(queue=queue, force=True)
    for task in (made, started["pipeline"]):
        assert client.tasks.delete(task=task, force=True).deleted


def main() -> None:
    """Calls of every service, and an error."""
    call = Services()
    client = call.client
    project, task, model = projects_tasks_and_models(client)
    queues_and_workers(client, task)
    events(client, call, task)
    people(call)
    machine(call)
    reports(call, client, task)
    pipelines(call, client, project)
    client.models.delete(model=model, force=True)
    assert client.tasks.delete(task=task, force=True).deleted
    client.projects.delete(project=project, force=True, delete_contents=True)
    print("the calls are right")


if __name__ == "__main__":
    main()
