"""The one resolver of paths that users supply.

Nothing else in Trackyard joins a user's text to a path. :func:`storage_path` checks a text and gives it a type;
:func:`resolve` joins such a path to a root folder. Opening without following planted links is the local file backend's work.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import NewType

__all__ = ["MAX_PATH_BYTES", "MAX_SEGMENT_BYTES", "PathError", "StoragePath", "is_in_folder_of", "resolve", "storage_path"]

StoragePath = NewType("StoragePath", str)
"""A relative ``/``-separated path that :func:`storage_path` has checked."""

MAX_SEGMENT_BYTES = 255
"""Longest segment, in UTF-8 bytes: what common file systems can name."""

MAX_PATH_BYTES = 4000
"""Longest path, in UTF-8 bytes."""

RESERVED_SEGMENT = ".trackyard"
"""Folder name that backends keep for themselves (temporary files); no user's path may hold it."""


class PathError(ValueError):
    """The text is no path below a root; the message says why in a few words."""


def storage_path(text: str) -> StoragePath:
    """Check a user's text and return it as a path below a root.

    Leading slashes and empty or ``.`` segments vanish; everything else is taken literally (nothing is percent-decoded).

    :raises PathError: empty, leaves the root (``..``), holds a backslash, a control character or a drive, is not valid
        Unicode, or is too long.
    """
    _check_characters(text)
    segments = [segment for segment in text.split("/") if segment not in ("", ".")]
    if not segments:
        raise PathError("empty path")
    for segment in segments:
        _check_segment(segment)
    path = "/".join(segments)
    if len(path.encode()) > MAX_PATH_BYTES:
        raise PathError("path is too long")
    return StoragePath(path)


def is_in_folder_of(task: str, path: StoragePath) -> bool:
    """Whether the path lies in a folder whose name ends in the task's id, as the SDK names its folders."""
    return any(segment.endswith(f".{task}") for segment in path.split("/")[:-1])


def resolve(root: Path, path: StoragePath) -> Path:
    """The file of ``path`` below ``root``.

    :raises PathError: a link on the way leads out of the root.
    """
    target = root.joinpath(*path.split("/"))
    if not target.parent.resolve().is_relative_to(root.resolve()):
        raise PathError("path leaves the root")
    return target


def _check_characters(text: str) -> None:
    """Refuse what no file name may hold: control characters (NUL among them), backslashes, lone surrogates."""
    if "\\" in text:
        raise PathError("path holds a backslash")
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs"):
            raise PathError("path holds a control character")


def _check_segment(segment: str) -> None:
    """Refuse segments that leave the root, are reserved, or that a file system cannot name."""
    if segment.strip(" .") == "":
        raise PathError("path leaves the root")
    if len(segment.encode()) > MAX_SEGMENT_BYTES:
        raise PathError("a part of the path is too long")
    if len(segment) == 2 and segment[1] == ":" and segment[0].isalpha():
        raise PathError("path holds a drive")
    if segment == RESERVED_SEGMENT:
        raise PathError("path holds a reserved name")
