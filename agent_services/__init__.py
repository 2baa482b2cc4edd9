"""The services agent: every task of a services queue in a container of its own, registered as a node of the system."""

from trackyard.agent_services.plugin import AgentServicesPlugin

__all__ = ["AgentServicesPlugin"]
