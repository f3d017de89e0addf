"""A table of endpoints as one handler: paths are found segment by segment, however many there are."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeVar
from urllib.parse import unquote

from seriatim.http.endpoint import Dialect, Edge, Endpoint, EndpointApp
from seriatim.http.exchange import Exchange

T = TypeVar("T")

_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class _Node(Generic[T]):
    """What may follow in a path: known segments, or any segment at all, which is then a parameter."""

    children: "dict[str, _Node[T]]" = field(default_factory=dict)
    any_child: "_Node[T] | None" = None
    target: T | None = None
    parameters: tuple[str, ...] = ()


class PathTree(Generic[T]):
    """Finds what belongs to a path. A known segment goes before a parameter, in whatever order they were added."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._known: dict[str, T] = {}
        """What belongs to the paths without parameters, which are the busiest: one look-up finds it."""

    def add(self, path: str, target: T) -> None:
        """Add a path such as `/v1/accounts/{key}`."""
        node, parameters = self._root, []
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                parameters.append(segment.strip("{}"))
                node.any_child = node.any_child or _Node()
                node = node.any_child
            else:
                node = node.children.setdefault(segment, _Node())
        node.target, node.parameters = target, tuple(parameters)
        if not parameters:
            self._known[path] = target

    def find(self, path: str) -> tuple[T, Mapping[str, str]] | None:
        """What belongs to a path that is still percent-encoded, and its decoded parameters."""
        known = self._known.get(path)
        if known is not None:
            return known, _NO_PARAMETERS
        segments = path.split("/")[1:]
        values: list[str] = []
        node = self._descend(self._root, segments, 0, values)
        if node is None or node.target is None:
            return None
        return node.target, dict(zip(node.parameters, map(unquote, values), strict=True))

    def _descend(self, node: _Node[T], segments: list[str], depth: int, values: list[str]) -> _Node[T] | None:
        if depth == len(segments):
            return node if node.target is not None else None
        segment = segments[depth]
        child = node.children.get(segment)
        if child is not None:
            found = self._descend(child, segments, depth + 1, values)
            if found is not None:
                return found
        if node.any_child is None or not segment:
            return None
        values.append(segment)
        found = self._descend(node.any_child, segments, depth + 1, values)
        if found is None:
            values.pop()
        return found


class EndpointRouter:
    """Answers the requests of one dialect. What none of its paths fits is answered in the dialect's own way."""

    def __init__(self, edge: Edge, dialect: Dialect, endpoints: Sequence[Endpoint]) -> None:
        self._tree: PathTree[EndpointApp] = PathTree()
        self._unmatched = EndpointApp(edge, dialect)
        apps: dict[str, EndpointApp] = {}
        for endpoint in endpoints:
            app = apps.get(endpoint.path)
            if app is None:
                app = apps[endpoint.path] = EndpointApp(edge, dialect)
                self._tree.add(endpoint.path, app)
            app.endpoints[endpoint.method] = endpoint

    def handle(self, exchange: Exchange) -> Awaitable[None]:
        """Answer one request. A key may hold an encoded slash, so the path is taken as it was sent."""
        app, parameters = self._tree.find(exchange.head.raw_path) or (self._unmatched, _NO_PARAMETERS)
        return app.handle(exchange, parameters)
