"""Tests of users, credentials, tokens, sessions and what they may do."""
