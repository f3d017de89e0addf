"""`seriatim`, as far as this release can stand in for the one before: it knows all migrations but the newest.

It also loads every batch within its transaction, as all releases did before batches were decided by what is kept, and
starts on a database whose schema is further on, if that schema allows it.
"""

import sys
from collections.abc import Callable
from typing import Any

from seriatim.cli import main
from seriatim.storage import migrate
from seriatim.storage.migrate import Migration
from seriatim.storage.postgres import issuing, schema, store


def without_newest(migrations_for: Callable[[str], list[Migration]]) -> Callable[[str], list[Migration]]:
    """What tells the migrations, but for the last."""
    return lambda engine: migrations_for(engine)[:-1]


async def the_long_way(*_: Any) -> None:
    """No batch goes the short way."""


if __name__ == "__main__":
    known = without_newest(migrate.migrations_for)
    for module in (schema, store):
        module.migrations_for = known  # type: ignore[attr-defined]
    issuing.Issuer.write = the_long_way  # type: ignore[assignment,method-assign]
    sys.exit(main())
