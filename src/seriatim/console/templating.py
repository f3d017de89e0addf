"""The templates: what is put into them is escaped, and what is missing is a fault and not an empty place."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from seriatim.auth.permissions import Permission
from seriatim.console.assets import Assets


class Templates:
    """Renders pages."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=PackageLoader("seriatim.console", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(static=assets.url, Permission=Permission)

    def render(self, name: str, context: dict[str, Any]) -> str:
        """A page."""
        return self._environment.get_template(name).render(context)
