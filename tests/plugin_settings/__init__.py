"""Tests of the plugins' settings as administrators change them."""
