"""What the benchmarks share: a server to measure, what it takes from the machine, and the proof of what it answered."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec

from bench.load import request_bytes
from seriatim.domain.numbering import Kind
from seriatim.service.verification import Verification, verify
from seriatim.storage.engines import store_for

MEMOS_PATH = "/v1/credit-memos"
START_NUMBER = 11
STOP_SECONDS = 30

_BANNER = re.compile(r"serves on http://127\.0\.0\.1:(\d+)$")
_CREDENTIAL = re.compile(r"\s+client (id|secret)\s+(\S+)$")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Memo(msgspec.Struct):
    """What is looked at of an answer to a posted memo."""

    success: bool
    id: str
    number: str
    status: str


@dataclass(slots=True)
class Server:
    """A running server."""

    port: int
    process_ids: list[int]
    """Those that serve, without the one that watches over them."""
    token: str = ""
    told: dict[str, str] = field(default_factory=dict)
    """The number of every document that was answered, with its id."""

    def post(self, path: str, body: object) -> dict[str, str]:
        """Send a JSON body; the answer must be a success."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer: dict[str, str] = json.loads(self.send(path, json.dumps(body).encode(), headers))
        assert answer["success"], answer
        return answer

    def send(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        """One request."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", body, headers or {})
        with urlopen(request, timeout=STOP_SECONDS) as answer:  # noqa: S310 - our own server
            found: bytes = answer.read()
            return found

    def take_answers(self, bodies: Sequence[bytes]) -> None:
        """Remember what was answered, to be proved at the end.

        Raises: AssertionError, for an answer that is no success, and for a number that was given twice.
        """
        memos = map(msgspec.json.Decoder(Memo).decode, bodies)
        count = len(self.told)
        for memo in memos:
            assert memo.success, memo
            assert memo.status == "Posted", memo
            self.told[memo.number] = memo.id
        assert len(self.told) == count + len(bodies), "a number was given twice"

    def metric(self, name: str) -> float:
        """A figure that the server counts. It has one process: several count each for itself."""
        (_,) = self.process_ids
        lines = self.send("/metrics").decode().splitlines()
        return sum(float(line.split()[1]) for line in lines if line.split(" ")[0] == name)


@contextmanager
def running_server(database: str, folder: Path, workers: int = 1) -> Iterator[Server]:
    """A server on a database that is fresh, or that was so when a server of the same folder was started on it."""
    command = [sys.executable, "-m", "bench.server", database, str(workers)]
    credentials_path, log_path = folder / "credentials.json", folder / "log"
    with (
        log_path.open("ab") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            serves = _BANNER.search(process.stdout.readline().rstrip())
            if serves is None:
                process.kill()
                raise RuntimeError(f"the server did not start: {log_path.read_text()}")
            if not credentials_path.exists():
                # On its first start the server says who may use it, in three lines more.
                lines = [process.stdout.readline().rstrip() for _ in range(3)]
                shown = {found[1]: found[2] for found in map(_CREDENTIAL.match, lines) if found}
                credentials_path.write_text(json.dumps(shown))
            process_ids = [process.pid] if workers == 1 else children_of(process.pid)
            assert len(process_ids) == workers, process_ids
            server = Server(int(serves[1]), process_ids)
            known = json.loads(credentials_path.read_text())
            form = {"client_id": known["id"], "client_secret": known["secret"], "grant_type": "client_credentials"}
            server.token = json.loads(server.send("/oauth/token", urlencode(form).encode()))["access_token"]
            yield server
        finally:
            process.terminate()
            assert process.wait(STOP_SECONDS) == 0, f"the server did not stop in good order: {log_path.read_text()}"


def prepare_accounts(server: Server, series_count: int, accounts_per_series: int = 1) -> list[str]:
    """Make so many sets of their own series, with so many accounts each; the accounts' numbers, series by series."""
    accounts = []
    for index in range(series_count):
        kinds = {"invoice": f"FINV{index}-", "creditMemo": f"FCM{index}-", "debitMemo": f"FDM{index}-"}
        numberings = {kind: {"prefix": prefix, "startNumber": START_NUMBER} for kind, prefix in kinds.items()}
        server.post("/v1/sequence-sets", {"sequenceSets": [{"name": f"S{index}", **numberings}]})
        contact = {"firstName": "Ada", "lastName": "Byron"}
        account = {"name": "Bench", "currency": "EUR", "billToContact": contact, "sequenceSetName": f"S{index}"}
        accounts += [server.post("/v1/accounts", account)["accountNumber"] for _ in range(accounts_per_series)]
    return accounts


def memo_request(path: str, token: str, account: str) -> bytes:
    """The request that posts a memo of an account at once."""
    charge = {"productRatePlanChargeId": "402890555a7e9791015a879f064a0054", "amount": 100.10, "description": "Seats"}
    memo = {"accountNumber": account, "autoPost": True, "comment": "returned goods", "charges": [charge]}
    return request_bytes(path, token, json.dumps(memo).encode())


async def _audit(database: str, told: dict[str, str]) -> Verification:
    store = store_for(database)
    await store.open()
    try:
        verification = await verify(store)
        entity = (await store.list_entities())[0]
        for number in [*told][:: max(1, len(told) // 1000)]:
            document = await store.find_document(entity.id, Kind.CREDIT_MEMO, number, None)
            assert document is not None, f"{number} was answered, and is not in the database"
            assert document.id == told[number], f"{number} was answered with another document"
    finally:
        await store.close()
    return verification


def audit(database: str, told: dict[str, str]) -> Verification:
    """Audit the register as `seriatim verify` does, and look up a thousand of the numbers that were answered.

    Raises: AssertionError, where a series is not gapless, or a number is not on the document that was answered.
    """
    verification = asyncio.run(_audit(database, told))
    assert verification.is_gapless, [verdict.problems for verdict in verification.verdicts]
    return verification


def prove(database: str, told: dict[str, str]) -> str:
    """Prove from the database that what was answered is there, and that nothing else is.

    Raises: AssertionError.
    """
    issued = 0
    for verdict in audit(database, told).verdicts:
        prefix, series = verdict.audit.series.key.prefix, verdict.audit.series
        ordinals = sorted(int(number.removeprefix(prefix)) for number in told if number.startswith(prefix))
        expected = list(range(series.first_ordinal, series.next_ordinal))
        assert ordinals == expected, f"of {prefix} {len(ordinals)} numbers were answered, {len(expected)} are issued"
        issued += len(ordinals)
    assert issued == len(told), f"{len(told)} numbers were answered, {issued} are in the register"
    return f"{issued:,} numbers: unique, gapless, all in the register"


def children_of(process_id: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]


def processor_seconds(process_ids: Sequence[int]) -> float:
    """The processor time that processes have taken so far."""
    ticks = 0
    for process_id in process_ids:
        try:
            fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # It has ended meanwhile: a connection was closed.
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_SECOND


def resident_bytes(process_id: int) -> int:
    """The memory that a process holds."""
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
