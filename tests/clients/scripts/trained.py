"""A script that ``clearml-task`` sends to a queue."""

print("never run here")
