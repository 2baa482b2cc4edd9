"""The pipeline controller."""
