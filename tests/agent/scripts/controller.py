"""A pipeline whose steps an agent runs: a task that is cloned, and a function; run twice, the second time the task is cached."""

import sys
from pathlib import Path

from clearml import PipelineController, Task

PROJECT, QUEUE = "Pipelines by an agent", "steps of pipelines"


def describe(loss: str, base: int) -> str:
    """What the step before reported, in words."""
    return f"the loss is {loss} of {base}"


def run(template: str) -> PipelineController:
    """One run of the pipeline; the controller is this process."""
    pipeline = PipelineController("trained by an agent", PROJECT, version="1.0", pool_frequency=0.02, add_pipeline_tags=True)
    pipeline.set_default_execution_queue(QUEUE)
    pipeline.add_parameter("rate", default=7)
    pipeline.add_step(
        "train",
        base_task_id=template,
        parameter_override={"General/rate": "${pipeline.rate}"},
        cache_executed_step=True,
        monitor_metrics=[("loss", "train")],
    )
    pipeline.add_function_step(
        "describe",
        describe,
        {"loss": "${train.parameters.General/rate}", "base": 10},
        function_return=["text"],
        parents=["train"],
        packages=[],
    )
    pipeline.start_locally(run_pipeline_steps_locally=False)
    return pipeline


def main(template: str) -> None:
    """Both runs."""
    first = run(template)
    nodes = {name: (node.status, node.executed) for name, node in first.get_pipeline_dag().items()}
    assert {name: status for name, (status, _) in nodes.items()} == {"train": "completed", "describe": "completed"}
    trained, described = (Task.get_task(task_id=nodes[name][1]) for name in ("train", "describe"))
    assert trained.get_parameters()["General/rate"] == "7"
    assert trained.get_last_scalar_metrics()["loss"]["train"]["last"] == 7.0
    assert described.get_parameters()["return/text"] == "the loss is 7 of 10"
    first.stop()
    second = run(template)
    again = {name: (node.status, node.executed) for name, node in second.get_pipeline_dag().items()}
    assert again["train"] == ("cached", nodes["train"][1])
    assert again["describe"][0] == "completed"
    assert again["describe"][1] != nodes["describe"][1]
    second.stop()
    Path("done").touch()
    print("the pipeline by an agent is right")


if __name__ == "__main__":
    main(sys.argv[1])
