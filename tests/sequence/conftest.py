"""One server for the tests of Sequence's API, and clients of each version."""

from collections.abc import Callable, Iterator

import pytest

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi
from tests.sequence.vendor import NEWEST, VERSIONS
from tests.servers import Api, Server

UNREACHABLE_MAIL_SERVER = "smtp://127.0.0.1:9"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all tests share, without a mail server: each test makes customers of its own."""
    with Server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def mailing_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that sends mail, to nobody: what is to be sent waits. That mail arrives is shown elsewhere."""
    with Server(tmp_path_factory.mktemp("mailing"), smtp_url=UNREACHABLE_MAIL_SERVER) as started:
        yield started


@pytest.fixture(scope="session", params=VERSIONS)
def sequence(server: Server, request: pytest.FixtureRequest) -> Iterator[ContractApi]:
    """The shared server, called by its admin client in each version."""
    with ContractApi(server.url, server.require_admin(), request.param) as signed_in:
        yield signed_in


@pytest.fixture(scope="session")
def newest(server: Server) -> Iterator[ContractApi]:
    """The shared server, called by its admin client in the newest version."""
    with ContractApi(server.url, server.require_admin()) as signed_in:
        yield signed_in


@pytest.fixture(scope="session")
def zuora(server: Server) -> Iterator[Api]:
    """The same client at Zuora's API."""
    with server.api() as signed_in:
        yield signed_in


@pytest.fixture
def seller(server: Server) -> Iterator[Callable[[str], ContractApi]]:
    """Gives clients, each for one version and in an entity of its own."""
    opened = []

    def make(version: str = NEWEST) -> ContractApi:
        name = f"entity {unique_letters()}"
        server.run_cli_json("entity", "create", "--name", name)
        credentials = server.create_client("admin", entities=(name,))
        opened.append(ContractApi(server.url, credentials, version))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture(autouse=True)
def no_server_fault(server: Server) -> Iterator[None]:
    """Whatever a test sends: the shared server may never fail, nor tell a trace."""
    log = server.directory / "server.log"
    before = log.stat().st_size
    yield
    with log.open("rb") as opened:
        # The log of a whole run is long; what was there before has been looked at.
        opened.seek(before)
        faults = [line for line in opened.read().decode().splitlines() if '"level":"error"' in line]
    assert not faults, "\n".join(faults)
