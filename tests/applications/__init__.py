"""Tests of the application host."""
