"""What was written to a database file is brought to the disk, piece by piece, by a descriptor of that connection."""

import ctypes
from pathlib import Path

import apsw
import pytest

from seriatim.storage.sqlite import flushing
from seriatim.storage.sqlite.flushing import (
    END_BYTES,
    END_PIECE_BYTES,
    PIECES,
    Flusher,
    open_files,
    pieces,
    range_writer,
)
from seriatim.storage.sqlite.store import connect

GIGABYTE = 1 << 30


@pytest.mark.parametrize("file_bytes", (0, 1, END_PIECE_BYTES + 1, END_BYTES, END_BYTES + 5, GIGABYTE + 4096))
def test_the_pieces_are_the_whole_file(file_bytes: int) -> None:
    found = list(pieces(file_bytes))
    assert [at for at, _ in found] == [sum(size for _, size in found[:place]) for place in range(len(found))]
    assert sum(size for _, size in found) == file_bytes
    assert len(found) <= PIECES + END_BYTES // END_PIECE_BYTES
    assert all(size > 0 for _, size in found)


def test_each_piece_is_written_by_the_descriptor_of_the_connection_that_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.db"
    writer = connect(path)
    writer.execute("CREATE TABLE rows (value TEXT)")
    (of_writer,) = (number for number, of in open_files() if of == str(path))
    written = []
    real = range_writer()
    assert real is not None

    def write_range(descriptor: int, at: int, size: int, flags: int) -> int:
        written.append((descriptor, at, size))
        return real(descriptor, at, size, flags)

    monkeypatch.setattr(flushing, "range_writer", lambda: write_range)
    flusher = Flusher(lambda: connect(path))
    flusher.flush()
    assert [piece for _, *piece in written] == [list(piece) for piece in pieces(path.stat().st_size)]
    (descriptor,) = {descriptor for descriptor, *_ in written}
    assert (descriptor, str(path)) in open_files()
    assert descriptor != of_writer
    assert real(descriptor, 0, 1, 7) == 0
    flusher.connection.close()
    writer.close()


def test_a_file_that_cannot_be_flushed_is_told(tmp_path: Path) -> None:
    """The methods of SQLite's C interface: a version, and then functions, of which the fifth flushes."""

    fail = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(lambda _, __: apsw.SQLITE_IOERR)
    methods = (ctypes.c_void_p * 6)(*[None] * 5, ctypes.cast(fail, ctypes.c_void_p))
    file = ctypes.c_void_p(ctypes.addressof(methods))

    class Broken(apsw.Connection):
        def file_control(self, dbname: str, op: int, pointer: int) -> bool:
            assert (dbname, op) == ("main", apsw.SQLITE_FCNTL_FILE_POINTER)
            ctypes.c_void_p.from_address(pointer).value = ctypes.addressof(file)
            return True

    flusher = Flusher(lambda: Broken(str(tmp_path / "new.db")))
    with pytest.raises(OSError, match=r"cannot be flushed: SQLite says 10"):
        flusher.flush()
    flusher.connection.close()
