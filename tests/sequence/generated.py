"""A client that `openapi-python-client` makes from the vendor's contract, and the same calls made through it."""

import base64
import copy
import importlib
import json
import re
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx2
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.sequence.client import ContractApi
from tests.sequence.vendor import contract_of
from tests.servers import Credentials, Json

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def generate_client(version: str, directory: Path) -> str:
    """Write a client for a version into a directory; the name of its package."""
    document = copy.deepcopy(contract_of(version).document)
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                # OpenAPI asks for one; it is prose, which the facts have not.
                answer.setdefault("description", "")
    source = directory / "contract.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    package = f"sequence_{version.replace('-', '_')}"
    config = Config.from_sources(
        ConfigFile(post_hooks=[]), MetaType.NONE, source, "utf-8", overwrite=True, output_path=directory / package
    )
    assert not generate(config=config)
    return package


class GeneratedApi(ContractApi):
    """Makes every call through a generated client, which must read the answer and lose nothing of it."""

    def __init__(self, url: str, credentials: Credentials, version: str, package: str) -> None:
        super().__init__(url, credentials, version)
        pair = f"{credentials.client_id}:{credentials.client_secret}"
        self._url = url
        self._package = package
        self._token = base64.b64encode(pair.encode()).decode()
        self._client = self._connect({})

    def close(self) -> None:
        """Close all connections, those of the generated client too."""
        self._client.get_httpx_client().close()
        super().close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """One request through the generated function of its operation."""
        operation = self.contract.find(method, path)
        function = importlib.import_module(
            f"{self._package}.api.default.{_snake(operation.operation_id)}"
        ).sync_detailed
        hints = get_type_hints(function)
        matched = re.fullmatch(re.sub(r"\{([^}]+)\}", r"(?P<\1>[^/]+)", operation.path), path)
        assert matched is not None
        arguments: dict[str, Any] = dict(matched.groupdict())
        for name, value in (query or {}).items():
            arguments[_snake(name)] = _as(hints[_snake(name)], value)
        if body is not None:
            arguments["body"] = hints["body"].from_dict(body)
        if "authorization" in hints:
            arguments["authorization"] = f"Basic {self._token}"
        if headers:
            with self._connect(headers) as client:
                found = function(client=client, **arguments)
        else:
            found = function(client=self._client, **arguments)
        # The content is expanded already.
        kept = {name: text for name, text in found.headers.items() if name != "content-encoding"}
        answer = httpx2.Response(int(found.status_code), headers=kept, content=found.content)
        self.contract.check(operation, answer)
        if answer.is_success:
            if operation.answers[answer.status_code] is not None:
                self._check_parsed(found.parsed, json.loads(found.content))
            self.seen[operation.operation_id] += 1
        return answer

    def _connect(self, headers: dict[str, str]) -> Any:
        return importlib.import_module(self._package).AuthenticatedClient(
            base_url=self._url,
            token=self._token,
            prefix="Basic",
            headers={"Sequence-Version": self.version, **headers},
            verify_ssl=False,
        )

    @staticmethod
    def _check_parsed(parsed: Any, body: Json) -> None:
        assert parsed.to_dict() == body
        assert not parsed.additional_properties


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _as(hint: Any, value: str | int) -> object:
    """A query parameter as the generated function takes it: of an enumeration, or as it is."""
    for each in get_args(hint):
        if isinstance(each, type) and issubclass(each, Enum):
            return each(value)
    return value
