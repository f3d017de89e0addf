"""The best hand-written statement: one that takes the next number and stores the document, a transaction each.

`python -m bench.peers.naive_asyncpg postgresql://… CALLERS SECONDS`; each caller has its own connection.
"""

import asyncio
import sys
import time

import asyncpg
import uvloop

from bench.peers.closed_loop import BODY, Figures, figures, report

TABLES = """
    CREATE TABLE peer_counters (name text PRIMARY KEY, last bigint NOT NULL);
    CREATE TABLE peer_documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number text NOT NULL UNIQUE,
        body text NOT NULL);
    INSERT INTO peer_counters VALUES ('credit-memo', 0)"""
ISSUE = """
    WITH taken AS (UPDATE peer_counters SET last = last + 1 WHERE name = 'credit-memo' RETURNING last)
    INSERT INTO peer_documents (number, body) SELECT 'CM' || lpad(last::text, 8, '0'), $1 FROM taken RETURNING number"""


async def run(url: str, callers: int, seconds: float) -> Figures:
    """Let so many callers issue for so many seconds, and check that the numbers have no gap."""
    connections = [await asyncpg.connect(url) for _ in range(callers)]
    await connections[0].execute(TABLES)
    statements = [await connection.prepare(ISSUE) for connection in connections]
    latencies: list[float] = []
    began_at = time.perf_counter()
    until = began_at + seconds

    async def call(statement: asyncpg.prepared_stmt.PreparedStatement) -> None:
        while (sent_at := time.perf_counter()) < until:
            await statement.fetchval(BODY)
            latencies.append(time.perf_counter() - sent_at)

    await asyncio.gather(*map(call, statements))
    found = figures("asyncpg, one statement", callers, latencies, time.perf_counter() - began_at)
    numbers = [
        int(row[0][2:]) for row in await connections[0].fetch("SELECT number FROM peer_documents ORDER BY number")
    ]
    assert numbers == list(range(1, found.documents + 1)), "the numbers have a gap"
    for connection in connections:
        await connection.close()
    return found


if __name__ == "__main__":
    report(uvloop.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
