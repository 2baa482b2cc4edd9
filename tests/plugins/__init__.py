"""Plugins as the server sees them: every hook, every way to fail, every optional one switched off, one of a third party."""
