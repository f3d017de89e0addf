"""Figures of a benchmark: medians over its rounds, goals that they meet or miss, tables, and the file they go to."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.load import Measured

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured."""

    name: str
    database: str
    processes: int
    callers: int


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of it gave; processor times are microseconds a document."""

    rate: float
    p50_ms: float
    p99_ms: float
    server_us: float = 0.0
    database_us: float = 0.0
    generator_us: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: medians over the rounds, and between which rates they lay."""

    name: str
    database: str
    processes: int
    callers: int
    rate: float
    rate_min: float
    rate_max: float
    p50_ms: float
    p99_ms: float
    server_us: float
    database_us: float
    generator_us: float


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, with what was measured of it."""

    what: str
    measured: float
    bound: float
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        """Whether it was."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def cells(self) -> list[str]:
        """The goal as a line of a table."""
        sign = "at least" if self.at_least else "at most"
        return [self.what, f"{self.measured:.3g}", f"{sign} {self.bound:.3g}", "met" if self.is_met else "MISSED"]


GOAL_HEADINGS = ["goal", "measured", "wanted", ""]


def run_of(measured: Measured, server_seconds: float = 0.0, database_seconds: float = 0.0) -> Run:
    """Sum up a load, with the processor time that others took meanwhile."""
    each_us = 1e6 / len(measured.bodies)
    return Run(
        measured.rate,
        measured.percentile_ms(50),
        measured.percentile_ms(99),
        server_seconds * each_us,
        database_seconds * each_us,
        measured.processor_seconds * each_us,
    )


def line_of(subject: Subject, runs: Sequence[Run]) -> Line:
    """The medians of several runs."""
    medians = {name: statistics.median(asdict(run)[name] for run in runs) for name in asdict(runs[0])}
    rates = [run.rate for run in runs]
    return Line(**asdict(subject), **medians, rate_min=min(rates), rate_max=max(rates))


def ratio(these: Sequence[Run], those: Sequence[Run], figure: str = "rate") -> float:
    """A figure of one subject, divided by that of another one: the median of the rounds."""
    pairs = zip(these, those, strict=True)
    ratios: list[float] = [getattr(this, figure) / getattr(that, figure) for this, that in pairs]
    return statistics.median(ratios)


LINE_HEADINGS = [
    "",
    "database",
    "processes",
    "callers",
    "documents/s",
    "between",
    "p50 ms",
    "p99 ms",
    "CPU us/document",
]


def line_cells(line: Line) -> list[str]:
    """A line as a line of a table; processor times of server, database and generator."""
    processor = f"{line.server_us:.0f} + {line.database_us:.0f} + {line.generator_us:.0f}" if line.server_us else ""
    return [
        line.name,
        line.database,
        str(line.processes),
        str(line.callers),
        f"{line.rate:,.0f}",
        f"{line.rate_min:,.0f}-{line.rate_max:,.0f}",
        f"{line.p50_ms:.2f}",
        f"{line.p99_ms:.2f}",
        processor,
    ]


def print_table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(headings, *lines, strict=True)]
    for line in [headings, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_goals(goals: Sequence[Goal]) -> None:
    """Print what was wanted, and what was measured."""
    print()
    print_table(GOAL_HEADINGS, [goal.cells for goal in goals])


def machine() -> dict[str, Any]:
    """Where and when it was measured."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "sqlite_of_python": sqlite3.sqlite_version,
    }


def write_results(name: str, **parts: Any) -> None:
    """Write a benchmark's figures to its file; goals carry whether they were met."""
    for part, found in parts.items():
        if isinstance(found, list) and found and isinstance(found[0], Goal | Line):
            parts[part] = [asdict(each) | ({"met": each.is_met} if isinstance(each, Goal) else {}) for each in found]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(machine() | parts, indent=1, default=str) + "\n")
    print(f"\nwritten to bench/results/{name}.json")
