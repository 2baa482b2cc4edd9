"""A pipeline of functions, run locally twice: values go from step to step, and the second run takes the first one's results."""

from clearml import PipelineController, Task

PROJECT = "Real clients/pipelines"


def double(number: int) -> int:
    """The first step."""
    return int(number) * 2


def describe(value: int) -> str:
    """The second step."""
    return f"the value is {value}"


def run(number: int) -> PipelineController:
    """One run, with its steps in processes of their own."""
    pipeline = PipelineController("numbers", PROJECT, version="1.0", add_pipeline_tags=True)
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
    assert Task.get_task(task_id=executed["describe"]).artifacts["text"].get() == "the value is 42"
    first.stop()
    Task.current_task().close()
    second = run(21)
    nodes = second.get_pipeline_dag()
    assert nodes["double"].status == "cached"
    assert nodes["double"].executed == executed["double"]
    second.stop()
    print("the pipeline is right")


if __name__ == "__main__":
    main()
