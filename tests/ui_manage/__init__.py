"""Tests of the pages that manage."""
