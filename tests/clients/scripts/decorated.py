"""A pipeline made with decorators, whose components are processes of their own; a later run takes a cached result.

The argument says how many runs there are with this one.
"""

import sys

from clearml import Task
from clearml.automation.controller import PipelineDecorator

PROJECT = "Real clients/decorated"


@PipelineDecorator.component(return_values=["numbers"], cache=True, task_type=Task.TaskTypes.data_processing)
def make_numbers(count: int) -> list[int]:
    """The first component."""
    return list(range(int(count)))


@PipelineDecorator.component(return_values=["total"], monitor_metrics=[("sum", "of all")])
def add_up(numbers: list[int]) -> int:
    """The second component: its scalar is one of the pipeline, too."""
    from clearml import Task

    total = sum(numbers)
    Task.current_task().get_logger().report_scalar("sum", "of all", value=total, iteration=0)
    return total


@PipelineDecorator.pipeline(name="decorated numbers", project=PROJECT, version="0.1", pipeline_execution_queue=None)
def run(count: int = 5) -> int:
    """The logic of the pipeline is plain code."""
    numbers = make_numbers(count)
    total = add_up(numbers)
    assert total == 10, total
    return total


def main(times: int) -> None:
    """Run it and look at what is on the server."""
    PipelineDecorator.run_locally()
    assert run(count=5) == 10
    hidden = {"search_hidden": True, "_allow_extra_fields_": True}
    of_this = {"project_name": f"{PROJECT}/.pipelines/decorated numbers", "task_filter": {"type": ["controller"], **hidden}}
    pipelines = Task.get_tasks(**of_this)
    steps = [Task.get_tasks(task_filter={"parent": pipeline.id, **hidden}) for pipeline in pipelines]
    made = sorted(task.name for found in steps for task in found)
    assert made == sorted(["make_numbers", *["add_up"] * times]), made
    assert {task.get_status() for found in steps for task in found} == {"completed"}
    for pipeline in pipelines:
        assert pipeline.get_parameters()["Args/count"] == "5"
        assert "pipeline" in pipeline.get_system_tags()
    print("the decorated pipeline is right")


if __name__ == "__main__":
    main(int(sys.argv[1]))
