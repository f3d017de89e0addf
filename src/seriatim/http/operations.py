"""What operators ask a server: whether it is up, whether it is ready, what it counts, and what it can do."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from seriatim.errors import Unavailable
from seriatim.service.ports import StoreUnavailable

JSON = "application/json"
OPERATION_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json", "/openapi-sequence.json"})


def build_operations(
    check: Callable[[], Awaitable[None]],
    metrics: Callable[[], tuple[bytes, str]] | None,
    documents: Mapping[str, Callable[[], str]],
) -> Router:
    """The router of `/healthz`, `/readyz`, `/metrics` (unless it is None) and the OpenAPI documents by their paths.

    `check` raises StoreUnavailable or Unavailable while the server cannot do its work.
    """

    async def healthz(_: Request) -> Response:
        """The process is up and its event loop turns."""
        return Response(b'{"status":"up"}', media_type=JSON)

    async def readyz(_: Request) -> Response:
        """The database can be reached and is migrated, and the server is not stopping."""
        try:
            await check()
        except (StoreUnavailable, Unavailable) as error:
            body = msgspec.json.encode({"status": "not ready", "reason": str(error)})
            return Response(body, status_code=503, media_type=JSON, headers={"retry-after": "1"})
        return Response(b'{"status":"ready"}', media_type=JSON)

    def document(request: Request) -> Response:
        """The OpenAPI document of an API. Making it takes a while, so it is no coroutine: it runs in a thread."""
        return Response(documents[request.url.path](), media_type=JSON)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), *(Route(path, document) for path in documents)]
    if metrics is not None:

        async def show_metrics(_: Request) -> Response:
            """The figures for Prometheus."""
            body, content_type = metrics()
            return Response(body, media_type=content_type)

        routes.append(Route("/metrics", show_metrics))
    return Router(routes, redirect_slashes=False)
