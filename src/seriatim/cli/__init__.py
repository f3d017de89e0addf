"""The command line. Every error is one line on standard error: exit code 1, or 2 for a command that was mistyped.

One file a group of commands; each is added to the program here.
"""

from collections.abc import Sequence

import click

from seriatim import __version__
from seriatim.cli.activities import activity
from seriatim.cli.clients import client
from seriatim.cli.copying import copy_command
from seriatim.cli.entities import entity, org
from seriatim.cli.mails import mail
from seriatim.cli.merchants import merchant
from seriatim.cli.server import migrate, serve
from seriatim.cli.users import user
from seriatim.cli.verification import verify_command
from seriatim.errors import SeriatimError
from seriatim.service.ports import StoreConflict, StoreUnavailable

FAILED = 1
USED_WRONGLY = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seriatim")
def cli() -> None:
    """Seriatim numbers billing documents: unique, in order, without a gap."""


@cli.command()
def version() -> int:
    """Print the version."""
    click.echo(f"seriatim {__version__}")
    return 0


for _command in (serve, migrate, user, client, entity, org, merchant, mail, activity, verify_command, copy_command):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="seriatim", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USED_WRONGLY
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - who types a command is owed a line, no traceback
        message, failure_code = _told(error)
        click.echo(f"seriatim: {' '.join(message.split())}", err=True)
        return failure_code
    return code if isinstance(code, int) else 0


def _told(error: BaseException) -> tuple[str, int]:
    """What is said of an error, and the exit code that it means."""
    if isinstance(error, click.UsageError):
        path = "seriatim" if error.ctx is None else error.ctx.command_path
        return f"{error.format_message()} (`{path} --help` says more)", USED_WRONGLY
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "interrupted", FAILED
    if isinstance(error, SeriatimError):
        return error.message, FAILED
    if isinstance(error, StoreUnavailable | StoreConflict | OSError):
        return str(error), FAILED
    return f"this is a fault of Seriatim: {type(error).__name__} at {_origin(error)}: {error}", FAILED


def _origin(error: BaseException) -> str:
    """Where an error was raised: module and line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
