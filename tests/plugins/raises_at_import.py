"""A module of a plugin that can't be imported."""

raise RuntimeError("this module raises when it is imported")
