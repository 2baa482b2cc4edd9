"""The kernel of Trackyard."""
