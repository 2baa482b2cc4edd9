"""The services agent of Trackyard."""
