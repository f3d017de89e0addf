"""What commands print: JSON on one line for programs, tables for people."""

import json
from datetime import datetime

import click


def print_json(value: object) -> None:
    """Print a value as JSON, on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(headers: list[str], rows: list[list[str]]) -> None:
    """Print rows below their headers, in columns."""
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    for row in [headers, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def iso_time(at: datetime | None) -> str | None:
    """A time as ISO 8601, if there is one."""
    return None if at is None else at.isoformat()
