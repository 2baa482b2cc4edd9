"""Tests of what the server tells of itself, of its metrics, and of the administrator's rules."""
