"""What a bulk call costs: 50 invoices posted by one call, against single calls one after another, in one run.

`python -m bench.bulk`. Afterwards every invoice is there, numbered without a gap.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from bench.databases import sqlite_url
from bench.figures import write_results
from bench.load import Measured, request_bytes, run_load
from bench.serving import Server, audit, prepare_accounts, running_server

INVOICES_AT_ONCE = 50


def invoice(account: str) -> dict[str, object]:
    """The body of an invoice that is posted at once."""
    item = {"chargeName": "Seats", "amount": 100.10, "serviceStartDate": "2026-01-01"}
    return {"accountNumber": account, "invoiceDate": "2026-01-31", "status": "Posted", "invoiceItems": [item]}


def measure(server: Server, account: str, seconds: float) -> tuple[Measured, Measured]:
    """One connection each: single invoices, then calls of fifty."""
    single = json.dumps(invoice(account)).encode()
    bulk = json.dumps({"invoices": [invoice(account)] * INVOICES_AT_ONCE, "useSingleTransaction": False}).encode()
    singles = run_load(server.port, [request_bytes("/v1/invoices", server.token, single)], 1, seconds)
    bulks = run_load(server.port, [request_bytes("/v1/invoices/batch", server.token, bulk)], 1, seconds)
    return singles, bulks


def main() -> None:
    """Run, verify, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite_url(Path(folder) / "bench.db")
        with running_server(database, Path(folder)) as server:
            (account,) = prepare_accounts(server, 1)
            rounds = [measure(server, account, options.seconds) for _ in range(options.rounds)]
        single_ms = statistics.median(singles.percentile_ms(50) for singles, _ in rounds)
        bulk_ms = statistics.median(bulks.percentile_ms(50) for _, bulks in rounds)
        told = sum(len(singles.bodies) + INVOICES_AT_ONCE * len(bulks.bodies) for singles, bulks in rounds)
        issued = sum(verdict.audit.issued_count for verdict in audit(database, {}).verdicts)
        assert issued == told, f"{told} invoices were answered, {issued} are in the register"
    print(f"one invoice a call    {single_ms:8.2f} ms (p50)")
    print(f"50 invoices a call    {bulk_ms:8.2f} ms (p50)")
    print(f"a call of 50 costs as much as {bulk_ms / single_ms:.1f} single ones")
    print(f"{told} invoices: all in the register, gapless")
    write_results("bulk", single_ms=single_ms, bulk_ms=bulk_ms, singles_worth=bulk_ms / single_ms)


if __name__ == "__main__":
    main()
