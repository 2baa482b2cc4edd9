"""Tests of packages that `trackyard plugins new` writes."""
