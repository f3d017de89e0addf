"""One server for most tests, and what they call it with."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.support import Sdk, unique_letters
from tests.servers import Api, Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all tests share: each makes sets, accounts and entities of its own."""
    with Server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def api(server: Server) -> Iterator[Api]:
    """The shared server, called by its admin client in the default entity."""
    with server.api() as signed_in:
        yield signed_in


@pytest.fixture
def entity(server: Server) -> Iterator[Api]:
    """The shared server, called by its admin client in an entity that nobody else uses."""
    name = f"entity {unique_letters()}"
    server.run_cli_json("entity", "create", "--name", name)
    with server.api(Zuora_Entity_Ids=name) as signed_in:
        yield signed_in


@pytest.fixture(autouse=True)
def no_server_fault(server: Server) -> Iterator[None]:
    """Whatever a test sends: the shared server may never fail, nor tell a trace."""
    before = len(server.logs())
    yield
    faults = [line for line in server.logs()[before:].splitlines() if '"level":"error"' in line]
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def sdk(server: Server) -> Sdk:
    """Zuora's official SDK, signed in to the shared server. Its import takes seconds: it happens here, once."""
    import zuora_sdk  # noqa: PLC0415
    from zuora_sdk.zuora_client import ZuoraClient  # noqa: PLC0415

    def connect(client_id: str, client_secret: str) -> Any:
        made = ZuoraClient(client_id=client_id, client_secret=client_secret, env=None)
        made.set_base_url(server.url)
        return made

    client = connect(server.client_id, server.client_secret)
    client.initialize()
    assert client.token["access_token"], "the SDK could not sign in"
    return Sdk(zuora_sdk, client, connect)
