"""`copy`: from one database into another."""

import asyncio
import sys

import click

from seriatim.cli.databases import reading
from seriatim.cli.options import json_option
from seriatim.cli.output import print_json
from seriatim.service.ports import StoreUnavailable
from seriatim.service.verification import judge_all
from seriatim.storage.engines import copy_database


@click.command("copy")
@click.option(
    "--from", "from_url", required=True, help="The SQLite file to copy: sqlite:///path.db. It stays as it is."
)
@click.option("--to", "to_url", required=True, help="An empty PostgreSQL database: postgresql://…")
@json_option
def copy_command(*, from_url: str, to_url: str, as_json: bool) -> int:
    """Copy a SQLite database into an empty PostgreSQL database, and prove that nothing is missing.

    No server may serve the file meanwhile, nor afterwards: two databases must not go on with the same numbers.
    """
    with click.progressbar(
        length=0, label="copying", file=sys.stderr, hidden=as_json or not sys.stderr.isatty()
    ) as progress:

        def begin(rows: int) -> None:
            progress.length = rows

        copied = asyncio.run(copy_database(from_url, to_url, begin, progress.update))
    before = reading(from_url, lambda store: store.audit())
    after = reading(to_url, lambda store: store.audit())
    if before != after:
        raise StoreUnavailable("the copy's series are not those of the original; do not use it")
    if as_json:
        print_json({"copied": copied, "series": len(after), "gapless": judge_all(after).is_gapless})
    else:
        for table, rows in copied.items():
            click.echo(f"{rows:>10}  {table}")
        click.echo(f"copied and compared: {sum(copied.values())} rows in {len(copied)} tables, {len(after)} series")
        click.echo("Serve the copy from now on, and no longer the original.", err=True)
    return 0
