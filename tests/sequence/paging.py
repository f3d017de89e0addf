"""Going through lists page by page."""

from collections.abc import Iterator

from tests.sequence.client import ContractApi
from tests.servers import Json


def pages_of(api: ContractApi, path: str, **query: str | int) -> Iterator[list[Json]]:
    """All pages of a list, each fetched when it is asked for."""
    found = api.get(path, **query)
    while True:
        yield found["items"]
        if "after" not in found["pagination"]:
            return
        found = api.get(path, **{**query, "after": found["pagination"]["after"]})


def ids_of(api: ContractApi, path: str, **query: str | int) -> list[str]:
    """The ids of everything in a list, in its order."""
    return [str(each["id"]) for page in pages_of(api, path, **query) for each in page]
