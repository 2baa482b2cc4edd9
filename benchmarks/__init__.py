"""Measures of this machine: each module prints its figures with their base (``python -m benchmarks [NAME …]``)."""
