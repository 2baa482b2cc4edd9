"""Unmodified ``clearml`` packages, newest and 1.18, against a real server over HTTP."""
