"""A pipeline of four steps, run here with ``PipelineController``."""

import sys

from clearml import PipelineController


def prepare(scenes: int) -> int:
    """Count what there is to train on."""
    print(f"{scenes} scenes are ready")
    return scenes


def train(scenes: int, epochs: int) -> float:
    """Train for some epochs; the score."""
    from clearml import Task

    score = 0.0
    for epoch in range(int(epochs)):  # the controller hands over text
        score = 1 - 1 / (1 + epoch + int(scenes) / 1000)
        Task.current_task().get_logger().report_scalar("score", "train", score, epoch)
    return score


def evaluate(score: float) -> float:
    """How good it is on other scenes."""
    from clearml import Task

    Task.current_task().get_logger().report_single_value("score", float(score) * 0.97)
    return float(score) * 0.97


def main(epochs: int) -> None:
    """Run the pipeline with its steps on this machine."""
    pipe = PipelineController(name="nightly training", project="Vision", version="1.4.0", add_pipeline_tags=True)
    pipe.add_parameter("scenes", 4200)
    pipe.add_parameter("epochs", epochs)
    pipe.add_function_step("prepare", prepare, {"scenes": "${pipeline.scenes}"}, ["scenes"], task_type="data_processing")
    given = {"scenes": "${prepare.scenes}", "epochs": "${pipeline.epochs}"}
    pipe.add_function_step("train small", train, given, ["score"], parents=["prepare"], task_type="training")
    pipe.add_function_step("train large", train, given, ["score"], parents=["prepare"], task_type="training")
    pipe.add_function_step(
        "evaluate",
        evaluate,
        {"score": "${train large.score}"},
        ["final"],
        parents=["train small", "train large"],
        task_type="testing",
    )
    pipe.start_locally(run_pipeline_steps_locally=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
