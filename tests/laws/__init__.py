"""Laws of the repository: what holds for every file, plugin, hook and page."""
