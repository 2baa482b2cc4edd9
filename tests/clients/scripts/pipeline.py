"""A pipeline of functions, run locally twice: values go from step to step, and the second run takes the first one's results."""

from clearml import PipelineController, Task

PROJECT = "Real clients/pipelines"


def double(number: int) -> dict[str, int]:
    """The first step; what it gives back goes through an artifact."""
    return {"doubled": int(number) * 2}


def describe(value: dict[str, int]) -> str:
    """The second step; what it gives back goes through a parameter."""
    return f"the value is {value['doubled']}"


def run(number: int) -> PipelineController:
    """One run, with its steps in processes of their own."""
    pipeline = PipelineController("numbers", PROJECT, version="1.0", add_pipeline_tags=True, pool_frequency=0.02)
    pipeline.add_parameter("number", default=number)
    pipeline.add_function_step(
        "double", double, {"number": "${pipeline.number}"}, function_return=["value"], cache_executed_step=True
    )
    pipeline.add_function_step("describe", describe, {"value": "${double.value}"}, function_return=["text"], parents=["double"])
    pipeline.start_locally(run_pipeline_steps_locally=True)
    return pipeline


def main() -> None:
    """Both runs."""
    first = run(21)
    nodes = first.get_pipeline_dag()
    assert {name: node.status for name, node in nodes.items()} == {"double": "completed", "describe": "completed"}
    executed = {name: node.executed for name, node in nodes.items()}
    assert Task.get_task(task_id=executed["double"]).artifacts["value"].get() == {"doubled": 42}
    assert Task.get_task(task_id=executed["describe"]).get_parameters()["return/text"] == "the value is 42"
    first.stop()
    second = run(21)
    nodes = second.get_pipeline_dag()
    assert nodes["double"].status == "cached"
    assert nodes["double"].executed == executed["double"]
    second.stop()
    print("the pipeline is right")


if __name__ == "__main__":
    main()
