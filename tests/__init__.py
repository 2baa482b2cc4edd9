"""Tests of Trackyard, one folder for each part."""
