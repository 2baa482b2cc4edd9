"""A task that serves a model reports as the SDK's router does."""

from clearml import Task
from clearml.router.endpoint_telemetry import EndpointTelemetry

task = Task.init("serving", "an endpoint", auto_connect_frameworks=False)
telemetry = EndpointTelemetry(
    endpoint_name="echo", model_name="net", endpoint_url="http://127.0.0.1:1/echo", report_statistics=False
)
for _ in range(3):
    telemetry.on_request()
    telemetry.on_response()
telemetry.container_status_report()
task.close()
