"""A disk that takes longer to flush than the machine's own, for everything that is started while it holds.

What one document a transaction can do depends on the disk more than on anything else, and the disks of test machines
answer a flush from their memory. A library that is preloaded into PostgreSQL, the server and the peers alike lets each
flush take longer by the same time: the ratios are then those of a machine with such a disk.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_flush.c")
VARIABLES = ("LD_PRELOAD", "FLUSH_DELAY_US")


@contextmanager
def flushes_taking(delay_ms: float, folder: Path) -> Iterator[dict[str, str]]:
    """Let each flush take this much longer, in milliseconds, in all processes that are started within; 0: as it is.

    Gives the variables that do it, for processes that are started with an environment of their own.

    Raises: FileNotFoundError, where there is no C compiler.
    """
    if not delay_ms:
        yield {}
        return
    library = folder / "slow_flush.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)  # noqa: S607
    # PostgreSQL runs as another user where the benchmark is root.
    folder.chmod(0o755)
    library.chmod(0o755)
    assert not any(name in os.environ for name in VARIABLES), f"{VARIABLES} are needed for the slow disk"
    variables = dict(zip(VARIABLES, (str(library), str(round(delay_ms * 1000))), strict=True))
    os.environ.update(variables)
    try:
        yield variables
    finally:
        for name in VARIABLES:
            del os.environ[name]
