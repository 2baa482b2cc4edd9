"""Tests of the pages inside the process, and a team's work that fills a server for them."""
