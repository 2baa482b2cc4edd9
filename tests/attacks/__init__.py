"""Attacks: each test is one that a server of this field fell to, or that this one did."""
