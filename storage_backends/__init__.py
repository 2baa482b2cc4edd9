"""The storage backends that come with Trackyard."""
