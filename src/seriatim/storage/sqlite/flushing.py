"""Has what was written to a database file brought to the disk, beside a writer whose commits must not wait for it.

The system hands over all that is to be written at once, and a flush of the log that comes then waits its turn behind
thousands of pages. So it is asked for piece by piece, where the system can do that; whoever comes in between waits for
one piece.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import apsw

PIECES = 100
"""What the file is cut into, but for its end: a checkpoint changes pages all over it."""
END_BYTES = 16 << 20
"""The end of the file, where new pages are: most that a checkpoint changes."""
END_PIECE_BYTES = 512 << 10

_FILE_METHOD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_SYNC_AT = 5
"""The place of `xSync` in `sqlite3_io_methods`, which begins with the number of its version, as wide as a pointer."""
_OPEN_FILES = Path("/proc/self/fd")
_WRITE_AND_WAIT = 7
"""SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER: what is on its way already is waited for as well."""


class Flusher:
    """Makes a connection, and flushes the database file by it. It belongs to one thread."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        before = open_files()
        self.connection = connect()
        path = str(Path(self.connection.filename).resolve())
        # SQLite's own. Not the writer's, to whom a failure would not be told if somebody else had been told by the same
        # descriptor. Nor one of ours: closing it would drop all locks that this process has on the file.
        self._descriptor = next((number for number, of in open_files() - before if of == path), None)
        self._write_range = range_writer()

    def flush(self) -> None:
        """Return once all that was written to the file so far is on the disk.

        Raises: OSError. The writer meets the same failure: the system tells it to each who has the file open.
        """
        if self._descriptor is not None and self._write_range is not None:
            for at, size in pieces(os.fstat(self._descriptor).st_size):
                # Whatever goes wrong here, the writer's own flush is told of as well.
                self._write_range(self._descriptor, at, size, _WRITE_AND_WAIT)
        _flush(self.connection)


def pieces(file_bytes: int) -> Iterator[tuple[int, int]]:
    """Offset and length of the pieces of a file, in their order."""
    end_at = max(0, file_bytes - END_BYTES)
    piece_bytes = end_at // PIECES + 1
    for at in range(0, end_at, piece_bytes):
        yield at, min(piece_bytes, end_at - at)
    for at in range(end_at, file_bytes, END_PIECE_BYTES):
        yield at, min(END_PIECE_BYTES, file_bytes - at)


def range_writer() -> Callable[[int, int, int, int], int] | None:
    """Linux's `sync_file_range`, of which the standard library knows nothing."""
    if sys.platform != "linux":
        return None
    function = ctypes.CDLL(None).sync_file_range
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return function


def open_files() -> set[tuple[int, str]]:
    """The descriptors of this process with what they are of, where the system tells."""
    found = set()
    for entry in _OPEN_FILES.iterdir() if _OPEN_FILES.is_dir() else ():
        # One of them was open for this listing only.
        with suppress(OSError):
            found.add((int(entry.name), str(entry.readlink())))
    return found


def _flush(connection: apsw.Connection) -> None:
    """Flush as SQLite itself does: by the file's method in its C interface.

    The driver's call for it keeps the interpreter's lock meanwhile.
    """
    file = ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))()
    connection.file_control("main", apsw.SQLITE_FCNTL_FILE_POINTER, ctypes.addressof(file))
    address = file.contents[_SYNC_AT]
    code = _FILE_METHOD(address)(ctypes.cast(file, ctypes.c_void_p), apsw.SQLITE_SYNC_NORMAL)
    if code != apsw.SQLITE_OK:
        raise OSError(f"the database file cannot be flushed: SQLite says {code}")
