"""A table of endpoints as a router. One route a path; the path's application picks the method."""

from collections.abc import Sequence

from starlette.routing import Route, Router

from seriatim.http.endpoint import Dialect, Edge, Endpoint, EndpointApp


def build_router(edge: Edge, dialect: Dialect, endpoints: Sequence[Endpoint]) -> Router:
    """The router of one dialect. What none of its paths fits is answered in the dialect's own way."""
    apps: dict[str, EndpointApp] = {}
    for endpoint in endpoints:
        app = apps.setdefault(endpoint.path, EndpointApp(edge, dialect))
        app.endpoints[endpoint.method] = endpoint
    routes = [Route(path, app) for path, app in apps.items()]
    return Router(routes, redirect_slashes=False, default=EndpointApp(edge, dialect))
