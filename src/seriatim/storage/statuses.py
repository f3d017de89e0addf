"""Which documents have a status, in the words of both databases."""

from collections.abc import Iterable

from seriatim.domain.document import Status

_UNISSUED = frozenset({Status.DRAFT, Status.CANCELED})
"""The rare ones, which have an index of their own: it is used only where the statement itself names them."""


def status_condition(values: Iterable[str]) -> str:
    """The condition that a document, under the alias `d`, has one of these statuses; what is no status is left out."""
    wanted = [status for status in Status if status.value in values]
    listed = ", ".join(f"'{status}'" for status in wanted) or "NULL"
    condition = f"d.status IN ({listed})"
    if wanted and _UNISSUED.issuperset(wanted):
        condition += " AND d.status IN ('draft', 'canceled')"
    return f"({condition})"
