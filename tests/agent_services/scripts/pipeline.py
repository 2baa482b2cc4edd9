"""A pipeline that runs remotely: the controller in the queue of services, its steps in another queue."""

from clearml import PipelineController

PROJECT, STEPS = "Controllers", "steps"
BASE = {"base_task_project": PROJECT, "base_task_name": "base"}


def main() -> None:
    """Enqueue the controller; where it runs remotely, this same script is the controller."""
    pipeline = PipelineController("remote pipeline", PROJECT, version="1.0", pool_frequency=0.02)
    pipeline.set_default_execution_queue(STEPS)
    pipeline.add_parameter("width", default=7)
    pipeline.add_step("first", **BASE, parameter_override={"General/width": "${pipeline.width}"})
    width = "${first.parameters.General/width}"
    pipeline.add_step("second", parents=["first"], **BASE, parameter_override={"General/width": width})
    pipeline.start(queue="services")
    pipeline.stop()


if __name__ == "__main__":
    main()
