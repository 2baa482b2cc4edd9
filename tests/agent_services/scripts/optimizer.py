"""A search that runs remotely: the optimizer in the queue of services, its trials in another queue."""

import argparse

from clearml import Task
from clearml.automation import DiscreteParameterRange, GridSearch, HyperParameterOptimizer

PROJECT, STEPS = "Controllers", "steps"


def main(base: str) -> None:
    """Enqueue this; where it runs remotely, search."""
    task = Task.init(PROJECT, "remote search", task_type=Task.TaskTypes.optimizer)
    task.execute_remotely(queue_name="services")
    optimizer = HyperParameterOptimizer(
        base_task_id=base,
        hyper_parameters=[DiscreteParameterRange("General/width", [1, 3])],
        objective_metric_title="loss",
        objective_metric_series="valid",
        objective_metric_sign="min",
        optimizer_class=GridSearch,
        max_number_of_concurrent_tasks=2,
        total_max_jobs=2,
        execution_queue=STEPS,
        pool_period_min=0.02,
        save_top_k_tasks_only=-1,
        max_iteration_per_job=10,
    )
    optimizer.set_report_period(0.02)
    optimizer.start()
    optimizer.wait()
    (best,) = optimizer.get_top_experiments(1)
    print("the best width is", best.get_parameters()["General/width"])
    optimizer.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    main(parser.parse_args().base)
