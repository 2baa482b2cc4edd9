"""A script that sends itself to a queue and, when it is run there, works with the parameters of the server."""

from pathlib import Path

from clearml import Task
from clearml.backend_api.session.client import APIClient

task = Task.init("Real clients/remote", f"remote {Path.cwd().name}", reuse_last_task_id=False)
parameters = task.connect({"rate": 0.1, "name": "local"}, name="Settings")
if Task.running_locally():
    Path("remote.id").write_text(task.id)
    APIClient().queues.create(name="remote queue")
    task.execute_remotely(queue_name="remote queue", exit_process=True)
task.get_logger().report_scalar("seen", "rate", value=parameters["rate"], iteration=0)
print(f"remote rate is {parameters['rate']}")
task.flush(wait_for_uploads=True)
