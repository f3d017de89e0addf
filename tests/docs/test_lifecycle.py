"""The page about the lives of documents tells what the table of transitions says."""

from pathlib import Path

from seriatim.domain.document import TRANSITIONS
from seriatim.domain.numbering import Kind

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_page_has_a_row_for_every_transition() -> None:
    words = {kind.words for kind in Kind}
    rows = [row.strip("| ").split(" | ") for row in PAGE.read_text(encoding="utf-8").splitlines()]
    expected = [
        [
            kind.words,
            transition.action.value,
            " or ".join(status.capitalize() for status in transition.from_statuses),
            "gone" if transition.to_status is None else transition.to_status.capitalize(),
        ]
        for kind, life in TRANSITIONS.items()
        for transition in life
    ]
    assert [row for row in rows if row[0] in words] == expected
