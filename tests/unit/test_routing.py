"""Paths are found segment by segment."""

import pytest

from seriatim.http.routing import PathTree

PATHS = (
    "/v1/invoices",
    "/v1/invoices/batch",
    "/v1/invoices/{key}",
    "/v1/invoices/{key}/post",
    "/v1/memos/{memo}/parts/{part}",
    "/v1/memos/invoice/{invoice}",
)


def tree_of(paths: tuple[str, ...]) -> PathTree[str]:
    """A tree in which each path has itself for a target."""
    tree: PathTree[str] = PathTree()
    for path in paths:
        tree.add(path, path)
    return tree


@pytest.mark.parametrize("paths", (PATHS, PATHS[::-1]))
@pytest.mark.parametrize(
    ("asked", "path", "parameters"),
    (
        ("/v1/invoices", "/v1/invoices", {}),
        ("/v1/invoices/batch", "/v1/invoices/batch", {}),
        ("/v1/invoices/INV1", "/v1/invoices/{key}", {"key": "INV1"}),
        ("/v1/invoices/batch/post", "/v1/invoices/{key}/post", {"key": "batch"}),
        ("/v1/memos/1/parts/2", "/v1/memos/{memo}/parts/{part}", {"memo": "1", "part": "2"}),
        ("/v1/memos/invoice/parts/2", "/v1/memos/{memo}/parts/{part}", {"memo": "invoice", "part": "2"}),
        ("/v1/memos/invoice/2", "/v1/memos/invoice/{invoice}", {"invoice": "2"}),
        ("/v1/invoices/a%2Fb", "/v1/invoices/{key}", {"key": "a/b"}),
        ("/v1/invoices/%C3%A9", "/v1/invoices/{key}", {"key": "é"}),
    ),
)
def test_a_path_is_found_in_whatever_order_it_was_added(
    paths: tuple[str, ...], asked: str, path: str, parameters: dict[str, str]
) -> None:
    assert tree_of(paths).find(asked) == (path, parameters)


@pytest.mark.parametrize(
    "asked", ("/", "", "/v1", "/v1/", "/v1/invoices/", "/v1/invoices//post", "/v1/invoices/1/2", "/v1/memos/invoice")
)
def test_what_no_path_fits_is_not_found(asked: str) -> None:
    assert tree_of(PATHS).find(asked) is None
