"""A table of endpoints as one ASGI application: paths are found segment by segment, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from seriatim.http.endpoint import Dialect, Edge, Endpoint, EndpointApp


@dataclass(slots=True)
class _Node:
    """What may follow in a path: known segments, or any segment at all, which is then a parameter."""

    children: "dict[str, _Node]" = field(default_factory=dict)
    any_child: "_Node | None" = None
    app: ASGIApp | None = None
    parameters: tuple[str, ...] = ()


class PathTree:
    """Finds the application of a path. A known segment goes before a parameter, in whatever order they were added."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, path: str, app: ASGIApp) -> None:
        """Add a path such as `/v1/accounts/{key}`."""
        node, parameters = self._root, []
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                parameters.append(segment.strip("{}"))
                node.any_child = node.any_child or _Node()
                node = node.any_child
            else:
                node = node.children.setdefault(segment, _Node())
        node.app, node.parameters = app, tuple(parameters)

    def find(self, path: str) -> tuple[ASGIApp, dict[str, str]] | None:
        """The application of a path that is still percent-encoded, and its decoded parameters."""
        segments = path.split("/")[1:]
        values: list[str] = []
        node = self._descend(self._root, segments, 0, values)
        if node is None or node.app is None:
            return None
        return node.app, dict(zip(node.parameters, map(unquote, values), strict=True))

    def _descend(self, node: _Node, segments: list[str], depth: int, values: list[str]) -> _Node | None:
        if depth == len(segments):
            return node if node.app is not None else None
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
    """The ASGI application of one dialect. What none of its paths fits is answered in the dialect's own way."""

    def __init__(self, edge: Edge, dialect: Dialect, endpoints: Sequence[Endpoint]) -> None:
        self._tree = PathTree()
        self._unmatched = EndpointApp(edge, dialect)
        apps: dict[str, EndpointApp] = {}
        for endpoint in endpoints:
            app = apps.get(endpoint.path)
            if app is None:
                app = apps[endpoint.path] = EndpointApp(edge, dialect)
                self._tree.add(endpoint.path, app)
            app.endpoints[endpoint.method] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. A key may hold an encoded slash, so the path is taken as it was sent."""
        raw_path: bytes | None = scope.get("raw_path")
        found = self._tree.find(scope["path"] if raw_path is None else raw_path.decode("latin-1"))
        if found is None:
            await self._unmatched(scope, receive, send)
            return
        app, scope["path_params"] = found
        await app(scope, receive, send)
