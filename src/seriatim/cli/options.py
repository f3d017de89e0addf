"""Options that several commands share; those of `serve` are made from the table of settings."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from seriatim.settings import Setting, setting_named, settings_table

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _option(setting: Setting) -> Callable[[Decorated], Decorated]:
    """The option that a line of the table of settings makes."""
    declaration = setting.option
    kind: click.ParamType[Any] | None = None
    if setting.choices is not None:
        kind = click.Choice(setting.choices)
    elif isinstance(setting.default, bool):
        declaration = f"{setting.option}/--no-{setting.option.removeprefix('--')}"
    elif isinstance(setting.default, int):
        kind = click.IntRange(setting.minimum, setting.maximum)

    def value_of(context: click.Context, _: click.Parameter, value: Any) -> Any:
        on_command_line = context.get_parameter_source(setting.name) is click.core.ParameterSource.COMMANDLINE
        return value if on_command_line else setting.value_from_file() or value

    return click.option(
        declaration,
        setting.name,
        envvar=setting.variable,
        show_envvar=True,
        default=setting.default.value if setting.choices else setting.default,
        show_default=True,
        type=kind,
        help=setting.help,
        callback=value_of,
    )


def settings_options(command: Decorated) -> Decorated:
    """All options of a server."""
    for setting in reversed(settings_table()):
        command = _option(setting)(command)
    return command


database_option = _option(setting_named("database"))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, on one line.")
