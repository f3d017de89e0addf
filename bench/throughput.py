"""Posted memos a second over HTTP at 1, 8 and 64 connections, as a ratio to the server's own no-op endpoint.

`make bench`, or `python -m bench.throughput --seconds 5 --rounds 3`. Afterwards every number that was answered is
checked: unique, contiguous, in the register, and on the document that was answered.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench.load import Measured, request_bytes, run_load
from bench.server import NO_OP_PATH
from seriatim.service.verification import verify
from seriatim.storage.sqlite import SqliteStore

MEMOS_PATH = "/v1/credit-memos"
START_NUMBER = 11
PREFIX = "FCM"
WARM_UP_SECONDS = 1.0
RESULTS = Path(__file__).parent / "results" / "throughput.json"

_BANNER = re.compile(r"serves on http://127\.0\.0\.1:(\d+)\n.*\n\s+client id\s+(\S+)\n\s+client secret\s+(\S+)\n")


@dataclass(slots=True)
class Line:
    """One line of the table: medians over the rounds."""

    connections: int
    no_op_rate: float
    no_op_p50_ms: float
    no_op_p99_ms: float
    posted_rate: float
    posted_p50_ms: float
    posted_p99_ms: float
    ratio: float


class Client:
    """Prepares the server through its API."""

    def __init__(self, port: int, client_id: str, client_secret: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        form = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        self.token = self._send("/oauth/token", urlencode(form).encode(), {})["access_token"]

    def post(self, path: str, body: object) -> dict[str, str]:
        """Send a JSON body; the answer must be a success."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer = self._send(path, json.dumps(body).encode(), headers)
        assert answer["success"], answer
        return answer

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        with urlopen(Request(self._base + path, body, headers), timeout=10) as answer:  # noqa: S310 - our own server
            found: dict[str, str] = json.load(answer)
            return found


@contextmanager
def running_server(database: Path) -> Iterator[tuple[int, str, str]]:
    """A server on a fresh database: its port, and the id and secret of its first client."""
    command = [sys.executable, "-m", "bench.server", f"sqlite:///{database}"]
    with (
        (database.parent / "log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            banner = "".join(process.stdout.readline() for _ in range(4))
            found = _BANNER.search(banner)
            if found is None:
                raise RuntimeError(f"the server did not start: {banner}{(database.parent / 'log').read_text()}")
            yield int(found[1]), found[2], found[3]
        finally:
            process.terminate()
            assert process.wait(30) == 0, "the server did not stop in good order"


def prepare_account(client: Client, start_number: int) -> str:
    """Make a set, and an account that it numbers; the account's number."""
    kinds = {"invoice": "FINV", "creditMemo": PREFIX, "debitMemo": "FDM"}
    numberings = {kind: {"prefix": prefix, "startNumber": start_number} for kind, prefix in kinds.items()}
    client.post("/v1/sequence-sets", {"sequenceSets": [{"name": "FR", **numberings}]})
    contact = {"firstName": "Ada", "lastName": "Byron"}
    account = {"name": "Bench", "currency": "EUR", "billToContact": contact, "sequenceSetName": "FR"}
    return client.post("/v1/accounts", account)["accountNumber"]


def prepare(client: Client) -> bytes:
    """Make an account; the body of a memo that is posted at once."""
    number = prepare_account(client, START_NUMBER)
    charge = {"productRatePlanChargeId": "402890555a7e9791015a879f064a0054", "amount": 100.10, "description": "Seats"}
    memo = {"accountNumber": number, "autoPost": True, "comment": "returned goods", "charges": [charge]}
    return json.dumps(memo).encode()


async def audit(database: Path) -> int:
    """Prove from the database that every series is gapless; how many numbers were issued.

    Raises: AssertionError.
    """
    store = SqliteStore(database)
    await store.open()
    verdict = await verify(store)
    audits = await store.audit()
    await store.close()
    assert verdict.is_gapless, verdict
    return sum(each.issued_count for each in audits)


def measure(port: int, token: str, body: bytes, options: argparse.Namespace) -> tuple[list[Line], list[bytes]]:
    """Run the loads, each round the no-op and the posting one after the other; all answers of the posting."""
    lines, answers = [], []
    for path in (NO_OP_PATH, MEMOS_PATH):
        answers += [] if path == NO_OP_PATH else run_load(port, request_bytes(path, token, body), 8, 1.0).bodies
    for connections in options.connections:
        no_ops, posts = [], []
        for _ in range(options.rounds):
            no_ops.append(run_load(port, request_bytes(NO_OP_PATH, token, body), connections, options.seconds))
            posted = run_load(port, request_bytes(MEMOS_PATH, token, body), connections, options.seconds)
            answers += posted.bodies
            posted.bodies.clear()
            no_ops[-1].bodies.clear()
            posts.append(posted)
        lines.append(_line(connections, no_ops, posts))
        print(_row(lines[-1]), flush=True)
    return lines, answers


def check(database: Path, answers: list[bytes]) -> str:
    """Prove that what was answered is there: unique, contiguous, durable.

    Raises: AssertionError.
    """
    told = {}
    for body in answers:
        memo = json.loads(body)
        assert memo["success"], memo
        assert memo["status"] == "Posted", memo
        told[memo["number"]] = memo["id"]
    assert len(told) == len(answers), "a number was given twice"
    ordinals = sorted(int(number.removeprefix(PREFIX)) for number in told)
    assert ordinals == list(range(START_NUMBER, START_NUMBER + len(ordinals))), "the numbers have a gap"

    issued = asyncio.run(audit(database))
    assert issued == len(ordinals), f"{len(ordinals)} numbers were answered, {issued} are in the register"
    size = database.stat().st_size / len(ordinals)
    return f"{len(ordinals)} numbers: unique, contiguous, in the register; {size:.0f} bytes on disk each"


def _line(connections: int, no_ops: list[Measured], posts: list[Measured]) -> Line:
    no_op_rate = statistics.median(each.rate for each in no_ops)
    posted_rate = statistics.median(each.rate for each in posts)
    return Line(
        connections,
        no_op_rate,
        statistics.median(each.percentile_ms(50) for each in no_ops),
        statistics.median(each.percentile_ms(99) for each in no_ops),
        posted_rate,
        statistics.median(each.percentile_ms(50) for each in posts),
        statistics.median(each.percentile_ms(99) for each in posts),
        posted_rate / no_op_rate,
    )


def _row(line: Line) -> str:
    return (
        f"{line.connections:>11} {line.no_op_rate:>10.0f} {line.no_op_p50_ms:>7.2f} {line.no_op_p99_ms:>7.2f}"
        f" {line.posted_rate:>10.0f} {line.posted_p50_ms:>7.2f} {line.posted_p99_ms:>7.2f} {line.ratio:>7.0%}"
    )


def main() -> None:
    """Run, verify, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bench.db"
        with running_server(database) as (port, client_id, client_secret):
            client = Client(port, client_id, client_secret)
            body = prepare(client)
            print("connections      no-op     p50     p99     posted     p50     p99   ratio")
            print("                 per s      ms      ms      per s      ms      ms")
            lines, answers = measure(port, client.token, body, options)
        print(check(database, answers))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")


if __name__ == "__main__":
    main()
