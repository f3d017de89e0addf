"""Prints an OpenAPI document as it is committed: `python -m seriatim.api.openapi zuora > docs/openapi.json`."""

import json
import sys
from functools import cache

from seriatim.api.sequence import api as sequence
from seriatim.api.zuora import api as zuora

_DIALECTS = {"zuora": zuora.openapi, "sequence": sequence.openapi}


@cache
def document(dialect: str = "zuora") -> str:
    """The document of a dialect as text, in a form that makes differences easy to read."""
    return json.dumps(_DIALECTS[dialect](), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document(*sys.argv[1:]))
