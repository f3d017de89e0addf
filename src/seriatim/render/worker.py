"""The process that sets pages: pages in at standard input, documents out at standard output, until the input ends."""

import pickle
import resource
import signal
import struct
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from seriatim.render.typeset import typeset

LENGTH = struct.Struct(">Q")
"""In front of every request: the length of what follows in bytes."""
ANSWER = struct.Struct(">?QQ")
"""In front of every answer: whether the page was set; the most memory held so far and the length, both in bytes."""
MEMORY_BYTES_MAX = 3 * 1024**3
"""Address space of the process; the largest page that the limits of `page.py` let pass takes less than half of it."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every request in turn with its document, or with what went wrong."""
    while header := requests.read(LENGTH.size):
        body = requests.read(*LENGTH.unpack(header))
        try:
            is_set, payload = True, typeset(pickle.loads(body))  # noqa: S301 - our own parent process wrote it
        except Exception:  # noqa: BLE001 - whatever it was, the parent is told, and the next page is set
            is_set, payload = False, traceback.format_exc().encode()
        answers.write(ANSWER.pack(is_set, _peak_memory_bytes(), len(payload)) + payload)
        answers.flush()


def _peak_memory_bytes() -> int:
    """The most memory that this process held so far.

    Where it can, it asks for that of the program: what the system counts for the process begins with its parent's.
    """
    with suppress(OSError), Path("/proc/self/status").open(encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes


if __name__ == "__main__":
    # The terminal's interrupt is for the server, which then ends the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, ValueError):  # a system that knows no such limit does without
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    serve(sys.stdin.buffer, sys.stdout.buffer)
