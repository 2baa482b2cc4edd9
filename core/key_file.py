"""A key in a file of the data directory: made once, even by several processes at once, for the owner's eyes only."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from trackyard.core.ids import new_id

log = logging.getLogger(__name__)


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of the file, which is what ``make`` gives when there is none; a mode that lets others read is narrowed.

    Blocks. All processes that call this at once get the same key, and a crash leaves no half of one.
    """
    if not path.exists():
        _make(path, make())
    if path.stat().st_mode & 0o077:
        log.warning("%s could be read by others; its mode is now 0600", path)
        path.chmod(0o600)
    return path.read_bytes()


def _make(path: Path, content: bytes) -> None:
    # not by the number of the process: in a container it is 1 again after a crash that left this file behind
    partial = path.with_name(f"{path.name}.{new_id()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        # a link fails when another process was first, and then its key is the one
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
