"""`serve` and `migrate`."""

import asyncio
from typing import Any

import click

from seriatim.cli.options import database_option, json_option, settings_options
from seriatim.cli.output import print_json
from seriatim.settings import settings_from
from seriatim.storage.engines import store_for


@click.command()
@settings_options
def serve(**values: Any) -> int:
    """Migrate the database if need be, and serve the APIs until told to stop."""
    settings = settings_from(values)
    from seriatim import app  # noqa: PLC0415 - the other commands need no web server

    return app.serve(settings)


@click.command()
@database_option
@json_option
def migrate(*, database: str, as_json: bool) -> int:
    """Create the database, or bring its schema up to date."""

    async def work() -> list[str]:
        store = store_for(database)
        try:
            return await store.migrate()
        finally:
            await store.close()

    applied = asyncio.run(work())
    if as_json:
        print_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")
    return 0
