"""Every operation of every version succeeds, and its answer is what the vendor's contract says it is."""

from pathlib import Path

import pytest

from tests.sequence.client import ContractApi
from tests.sequence.generated import GeneratedApi, generate_client
from tests.sequence.vendor import VERSIONS
from tests.sequence.walks import walk
from tests.servers import Server

NOT_SERVED: dict[str, str] = {}
"""Operations of the contract that Seriatim does not serve, with the reason."""


def missed_by(api: ContractApi) -> set[str]:
    """The operations of a version that have not succeeded yet."""
    return {each.operation_id for each in api.contract.operations} - set(api.seen)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_operation_succeeds_as_the_contract_says(mailing_server: Server, version: str) -> None:
    with ContractApi(mailing_server.url, mailing_server.require_admin(), version) as api:
        walk(api)
        assert missed_by(api) == set(NOT_SERVED)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_generated_from_the_contract_reads_all_that_is_answered(
    mailing_server: Server, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = generate_client(version, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with GeneratedApi(mailing_server.url, mailing_server.require_admin(), version, package) as api:
        walk(api)
        assert missed_by(api) == set(NOT_SERVED)
