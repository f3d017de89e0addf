"""Milliseconds to print a document of 20 lines, and one of 1,000: `python -m bench.printing`."""

import argparse
import statistics
import time

from bench.figures import write_results
from seriatim.render.document import render
from tests.render.books import a_line, a_page

LINES = (20, 1000)


def milliseconds(lines: int, rounds: int) -> list[float]:
    """How long each of so many documents takes, no two of them the same, once the typesetter is warm."""
    found = []
    for each in range(rounds + 1):
        page = a_page(tuple(a_line(f"Sensor {each}-{place}", description="One month") for place in range(lines)))
        began_at = time.perf_counter()
        assert render(page).startswith(b"%PDF-")
        found.append((time.perf_counter() - began_at) * 1000)
    return found[1:]


def main() -> None:
    """Measure, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    results = {}
    for lines in LINES:
        found = milliseconds(lines, max(3, options.rounds if lines == LINES[0] else options.rounds // 5))
        results[str(lines)] = {"median_ms": statistics.median(found), "worst_ms": max(found)}
        print(f"{lines:>5} lines: median {statistics.median(found):.0f} ms, worst {max(found):.0f} ms")
    write_results("printing", documents=results)


if __name__ == "__main__":
    main()
