"""A rule for the queue ``services``: work that needs a machine of its own does not belong there.

The services agent runs many small tasks at once (controllers, monitors, applications). A training there takes the place of
all of them.
"""

from trackyard.plugins.policies_services_queue.plugin import ServicesQueuePlugin

__all__ = ["ServicesQueuePlugin"]
