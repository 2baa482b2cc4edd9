"""Tests of automation services."""
