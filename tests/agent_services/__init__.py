"""Tests of the services agent."""
