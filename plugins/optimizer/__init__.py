"""The optimizer: a service that searches hyperparameters with trials that are clones of a task."""

from trackyard.plugins.optimizer.plugin import OptimizerPlugin

__all__ = ["OptimizerPlugin"]
