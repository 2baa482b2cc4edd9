"""Endpoints for services agents: take a task from a queue and own it, in one step."""

from trackyard.plugins.agents.plugin import AgentsPlugin

__all__ = ["AgentsPlugin"]
