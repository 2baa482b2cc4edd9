"""The plugins that come with Trackyard."""
