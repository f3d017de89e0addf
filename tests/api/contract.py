"""The operations of the vendor's contract for the nouns served here, as facts: method, path, operation id."""

import json
import re
from pathlib import Path

from seriatim.api.zuora.api import served
from seriatim.api.zuora.oauth import TokenIssuer
from seriatim.http.endpoint import Endpoint

OLDER_PATHS = ("/v1/creditmemos", "/v1/debitmemos")

CONTRACT: list[tuple[str, str, str]] = [
    tuple(row) for row in json.loads((Path(__file__).parent / "contract.json").read_text(encoding="utf-8"))
]
"""The operation id is the vendor's where one is published, else the name of the method of the vendor's SDK."""


def shape(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]+\}", "{}", path)


def served_operations() -> list[Endpoint]:
    """What is served of the contract: not signing in, which is another's, nor the older names of paths."""
    found = served(TokenIssuer.create_token)
    return [each for each in found if each.path.startswith("/v1/") and not each.path.startswith(OLDER_PATHS)]
