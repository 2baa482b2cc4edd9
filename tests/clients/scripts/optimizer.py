"""The optimizer of hyperparameters over a queue: the strategies that the arguments name; the best run is found."""

import sys
from pathlib import Path

from clearml import Task
from clearml.automation import (
    DiscreteParameterRange,
    GridSearch,
    HyperParameterOptimizer,
    RandomSearch,
    UniformIntegerParameterRange,
)
from clearml.backend_api.session.client import APIClient
from worker import working

if "optuna" in sys.argv:
    # an optional package, which the SDK wants to know of before the task begins
    from clearml.automation.optuna import OptimizerOptuna

PROJECT, QUEUE = "Real clients/optimizer", f"queue of {Path.cwd().name}"


def objective(task: Task) -> None:
    """Reports a loss that is best at three."""
    width = float(task.get_parameters()["General/width"])
    task.get_logger().report_scalar("loss", "valid", value=(width - 3) ** 2, iteration=1)
    task.flush(wait_for_uploads=True)


def base_task() -> Task:
    """What is cloned."""
    task = Task.create(project_name=PROJECT, task_name="base of the search", task_type="training")
    task.set_parameters({"General/width": 1})
    objective(task)
    return task


def search(base: Task, kind: type, ranges: list[object], jobs: int) -> float:
    """The width of the best run that a search found."""
    optimizer = HyperParameterOptimizer(
        base_task_id=base.id,
        hyper_parameters=ranges,
        objective_metric_title="loss",
        objective_metric_series="valid",
        objective_metric_sign="min",
        optimizer_class=kind,
        max_number_of_concurrent_tasks=2,
        total_max_jobs=jobs,
        execution_queue=QUEUE,
        pool_period_min=0.02,
        save_top_k_tasks_only=-1,
        max_iteration_per_job=10,
    )
    optimizer.set_report_period(0.02)
    assert optimizer.start()
    optimizer.wait()
    (best,) = optimizer.get_top_experiments(1)
    optimizer.stop()
    return float(best.get_parameters()["General/width"])


def try_strategy(strategy: str, base: Task) -> None:
    """One search."""
    if strategy == "grid":
        assert search(base, GridSearch, [DiscreteParameterRange("General/width", [1, 3, 5])], 3) == 3
    elif strategy == "random":
        assert search(base, RandomSearch, [DiscreteParameterRange("General/width", [1, 3])], 3) in (1, 3)
    else:
        ranges = [UniformIntegerParameterRange("General/width", 1, 6, 1)]
        assert 1 <= search(base, OptimizerOptuna, ranges, 4) <= 6


def main(strategies: list[str]) -> None:
    """The searches, one after the other."""
    APIClient().queues.create(name=QUEUE)
    controller = Task.init(PROJECT, "searches", task_type=Task.TaskTypes.optimizer, reuse_last_task_id=False)
    base = base_task()
    with working(QUEUE, objective):
        for strategy in strategies:
            try_strategy(strategy, base)
    controller.close()
    print("the searches are right")


if __name__ == "__main__":
    main(sys.argv[1:])
