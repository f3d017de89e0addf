"""Prints the OpenAPI document as it is committed: `python -m seriatim.api.openapi > docs/openapi.json`."""

import json
import sys
from functools import cache

from seriatim.api.zuora.api import openapi


@cache
def document() -> str:
    """The document as text, in a form that makes differences easy to read."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
