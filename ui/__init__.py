"""The web application of Trackyard."""
