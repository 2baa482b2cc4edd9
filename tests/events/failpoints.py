"""Lets the n-th write, truncation, sync or deletion of SQLite fail, in this process: a layer around its file system.

SQLite asks a table of functions for everything it does to files. Here that table is copied, with functions that count and
fail put before those that work. It is found in the library that the module ``sqlite3`` itself uses; see `available`.
"""

import _sqlite3
import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import Any

NO_SPACE = 13
"""SQLITE_FULL."""
FAULTS = {"write": 10 | 3 << 8, "sync": 10 | 4 << 8, "truncate": 10 | 6 << 8, "delete": 10 | 10 << 8}
"""SQLITE_IOERR_…: what SQLite itself answers when the system says EIO."""

OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)  # the name must stay where SQLite keeps it
DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class FileSystem(Structure):
    """``sqlite3_vfs``."""

    _fields_ = [
        *[("version", c_int), ("file_size", c_int), ("longest_path", c_int), ("next", c_void_p), ("name", c_char_p)],
        *[("data", c_void_p), ("open", OPEN), ("delete", DELETE), ("others", c_void_p * 14)],
    ]


class Methods(Structure):
    """``sqlite3_io_methods``."""

    _fields_ = [
        *[("version", c_int), ("close", c_void_p), ("read", c_void_p), ("write", WRITE), ("truncate", TRUNCATE)],
        *[("sync", SYNC), ("others", c_void_p * 13)],
    ]


class Failpoints:
    """Once `installed`, the ``fail_at``-th change of a file fails, and all later ones if ``lasting``, until `heal`."""

    def __init__(self, full: bool) -> None:
        """``full``: the disk is full (half of a write is done, all later changes fail, too), else one input/output error."""
        self.full = full
        self.fail_at = 0
        self.calls = 0
        self.failed = 0
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = POINTER(FileSystem)
        self._real: FileSystem = self._library.sqlite3_vfs_find(None).contents
        self._tables: dict[int, Methods] = {}
        self._layer = FileSystem.from_buffer_copy(self._real)
        self._layer.name = b"failing"
        self._layer.open, self._layer.delete = OPEN(self._open), DELETE(self._delete)

    def install(self) -> None:
        """Let every connection that is opened from now on go through here."""
        assert self._library.sqlite3_vfs_register(ctypes.byref(self._layer), 1) == 0

    def arm(self, fail_at: int) -> None:
        """Count from one again."""
        self.fail_at, self.calls, self.failed = fail_at, 0, 0

    def heal(self) -> None:
        """Let nothing fail any more."""
        self.fail_at = 0

    def _fails(self) -> bool:
        self.calls += 1
        fails = 0 < self.fail_at <= self.calls if self.full else self.calls == self.fail_at
        self.failed += fails
        return fails

    def _answer(self, what: str, work: Callable[[], int]) -> int:
        if self._fails():
            return NO_SPACE if self.full and what != "delete" else FAULTS[what]
        return work()

    def _open(self, layer: int, name: int, file: int, flags: int, out: int) -> int:
        result: int = self._real.open(layer, name, file, flags, out)
        place = ctypes.cast(file, POINTER(c_void_p))
        if result == 0 and place[0]:
            place[0] = ctypes.addressof(self._table(place[0]))
        return result

    def _delete(self, layer: int, name: bytes, sync: int) -> int:
        return self._answer("delete", lambda: self._real.delete(layer, name, sync))

    def _table(self, address: Any) -> Methods:
        """The functions of an open file, with ours before them."""
        if address not in self._tables:
            real = Methods.from_address(address)
            table = self._tables[address] = Methods.from_buffer_copy(real)

            def write(file: int, data: int, size: int, offset: int) -> int:
                if self._fails():
                    if self.full:
                        real.write(file, data, size // 2, offset)
                    return NO_SPACE if self.full else FAULTS["write"]
                return int(real.write(file, data, size, offset))

            table.write = WRITE(write)
            table.truncate = TRUNCATE(lambda file, size: self._answer("truncate", lambda: real.truncate(file, size)))
            table.sync = SYNC(lambda file, flags: self._answer("sync", lambda: real.sync(file, flags)))
        return self._tables[address]


def available() -> bool:
    """Whether SQLite's functions can be reached: not where they are hidden inside the interpreter."""
    return hasattr(_sqlite3, "__file__") and hasattr(ctypes.CDLL(_sqlite3.__file__), "sqlite3_vfs_register")
