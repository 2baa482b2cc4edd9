"""Versions of the API, compared by their numbers: 2.9 comes before 2.23."""

from __future__ import annotations

from typing import NamedTuple


class Version(NamedTuple):
    """A version of the API."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """``"2.31"`` as a version; raises `ValueError` for anything else."""
        major, _, minor = text.partition(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


NEWEST = Version(2, 31)
OLDEST = Version(1, 0)
