"""Writes the tables of the documentation from the figures in bench/results: `python -m bench.report`.

A table stands between `<!-- figures: NAME -->` and `<!-- end of figures -->`; what has no figures yet stays as it is.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import limits, memory, simulation
from bench.figures import GOAL_HEADINGS, LINE_HEADINGS, RESULTS, Goal, Line, line_cells

DOCUMENTS = [Path("docs/performance.md"), Path("docs/scaling.md")]

_PLACE = re.compile(r"(<!-- figures: ([a-z ]+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    rows = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def goals(found: dict[str, Any]) -> str:
    """What was wanted, and what was measured."""
    made = [Goal(each["what"], each["measured"], each["bound"], each["at_least"]) for each in found["goals"]]
    return table(GOAL_HEADINGS, [goal.cells for goal in made])


def lines(found: dict[str, Any]) -> str:
    """What was measured."""
    return table(LINE_HEADINGS, [line_cells(Line(**each)) for each in found["lines"]])


def proofs(found: dict[str, Any]) -> str:
    """What was proved of it, and where and when it was measured."""
    place = f"Measured on {found['measured_on']}, {found['cores']} cores, Python {found['python']}, {found['system']}."
    return "\n".join([place, "", *(f"- {proof}" for proof in found.get("proofs", ()))]) + "\n"


def sizes(found: dict[str, Any]) -> str:
    """What a document takes on disk, and how long the audit of all took."""
    told = [
        f"- {each['name']}: {each['bytes_per_document']:.0f} bytes a document; the audit of all took "
        f"{each['audit_seconds']:.1f} s\n"
        for each in found["stores"]
    ]
    parts = [
        [each["name"], name, f"{size:.0f}"]
        for each in found["stores"]
        for name, size in each["parts"].items()
        if len(each["parts"]) > 1
    ]
    return "".join(told) + "\n" + table(["database", "table or index", "bytes/document"], parts)


def bounds(found: dict[str, Any]) -> str:
    """The limits."""
    return table(["limit", "a second"], [[name, f"{value:,.0f}"] for name, value in found["limits"].items()])


def batches(found: dict[str, Any]) -> str:
    """How far the server is from the limits."""
    return table(limits.HEADINGS, [limits.cells_of(limits.Batches(**each)) for each in found["batches"]])


def megabytes(found: dict[str, Any]) -> str:
    """Memory."""
    return table(memory.HEADINGS, [memory.cells_of(memory.Memory(**each)) for each in found["memory"]])


def times(found: dict[str, Any]) -> str:
    """What the simulation was given."""
    given = [[name.replace("_", ", a "), f"{value:.0f}"] for name, value in found["times"].items()]
    return table(["time", "microseconds"], given)


def cases(found: dict[str, Any]) -> str:
    """What it gave."""
    return table(simulation.HEADINGS, [simulation.cells_of(case) for case in found["cases"]])


def bulk(found: dict[str, Any]) -> str:
    """What a bulk call costs."""
    return (
        f"A call of 50 takes {found['bulk_ms']:.2f} ms, one of a single invoice {found['single_ms']:.2f} ms: as much "
        f"as {found['singles_worth']:.1f} single ones.\n"
    )


PARTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "contended lines": lines,
    "contended goals": goals,
    "contended proofs": proofs,
    "slowdisk goals": goals,
    "slowdisk lines": lines,
    "slowdisk proofs": proofs,
    "growth lines": lines,
    "growth goals": goals,
    "growth sizes": sizes,
    "growth proofs": proofs,
    "memory megabytes": megabytes,
    "memory goals": goals,
    "limits bounds": bounds,
    "limits batches": batches,
    "simulation times": times,
    "simulation cases": cases,
    "bulk ratio": bulk,
}
"""By the name of a benchmark's file and of a part of it."""


def filled(text: str) -> str:
    """A document with its tables written anew."""

    def write(place: re.Match[str]) -> str:
        path = RESULTS / f"{place[2].split()[0]}.json"
        if not path.exists():
            return place[0]
        return place[1] + PARTS[place[2]](json.loads(path.read_text())) + place[3]

    return _PLACE.sub(write, text)


def main() -> None:
    """Write all tables."""
    for path in DOCUMENTS:
        path.write_text(filled(path.read_text()))
        print(f"written: {path}")


if __name__ == "__main__":
    main()
