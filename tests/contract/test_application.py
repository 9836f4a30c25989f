"""The application's table of routes: Starlette's own, with every documented route that there is."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from resolvers.downloads import DOWNLOADS
from rest_shim.routes import ROUTES, under_parents
from server.app import create_app
from server.http.edge import EdgeMiddleware
from server.http.routing import ApiRoute, ApiRouter
from server.monitoring.metrics import Metrics
from tests.support.api import settings_of
from tests.support.servers import Backends
from web.http import Reply, Request, reply

# As the API is documented elsewhere, whose routes stay. What it has besides stands in the cases (`test_cases.py`).
DOCUMENTED = json.loads((Path(__file__).parent / "routes.json").read_text(encoding="utf-8"))
PARENTS = ("integrations", "settings", "org-settings")
OURS = {
    ("/graphql", "GraphQL", ("GET", "HEAD", "POST")),
    ("/graphql/schema.graphql", "Schema", ("GET", "HEAD")),
    ("/assets/{name}", "Assets", ("GET", "HEAD")),
    ("/mcp", "MCP", ("POST",)),
    ("/api/health", "Health", ("GET", "HEAD")),
    ("/api/ready", "Ready", ("GET", "HEAD")),
    ("/api/openapi.json", "OpenAPI", ("GET", "HEAD")),
    ("/api/docs", "Reference", ("GET", "HEAD")),
    ("/", "Start", ("GET", "HEAD")),
}


def _documented() -> set[tuple[str, str]]:
    """Return method and path of each documented route."""
    found = set()
    for route in DOCUMENTED:
        path = route["path"].rstrip("/").replace("/...", "").replace(":publicId", "{publicId}")
        found.add((route["method"], path.replace(":formPublicId", "{formPublicId}")))
    return found


@pytest.fixture(scope="module")
def app(backends: Backends) -> Starlette:
    """An application that has not started: its table needs no server."""
    return create_app(settings_of(backends))


def _table(app: Starlette) -> list[ApiRoute]:
    found = [route for route in app.routes if isinstance(route, ApiRoute)]
    assert len(found) == len(app.routes)
    return found


def test_the_table_has_the_documented_routes(app: Starlette) -> None:
    table = {(method, route.path) for route in _table(app) for method in route.methods or ()}
    documented = _documented()
    assert len(documented) == len(DOCUMENTED)
    assert documented - table == set()


def test_each_put_is_a_patch_too_and_no_route_stands_twice() -> None:
    rows = [(row.method, row.path) for row in ROUTES]
    assert len(rows) == len(set(rows))
    paths = {method: {path for each, path in rows if each == method} for method in ("PUT", "PATCH")}
    assert paths["PUT"] == paths["PATCH"] != set()


def test_the_table_has_every_row_by_its_operation_and_nothing_else(app: Starlette) -> None:
    found = {(route.path, route.name, tuple(sorted(route.methods or ()))) for route in _table(app)}
    rows = {
        (row.path, row.operation, ("GET", "HEAD") if row.method == "GET" else (row.method,))
        for row in (*ROUTES, *under_parents(PARENTS))
    }
    files = {(path, download.operation, ("GET", "HEAD")) for path, download in DOWNLOADS.items()}
    assert found == rows | files | OURS
    assert len(found) == len(app.routes)


def test_a_name_gives_the_path(app: Starlette) -> None:
    assert app.url_path_for("GetOrder", publicId="order_1") == "/api/v1/orders/order_1"
    assert app.url_path_for("ListClients") == "/api/v1/clients"


async def test_the_look_up_finds_what_starlette_finds() -> None:
    def route(path: str, name: str, method: str) -> ApiRoute:
        async def said(request: Request) -> Reply:
            return reply(200, f"{request.method} {name} {dict(request.params)}".encode(), b"text/plain")

        return ApiRoute(path, said, name=name, methods=[method])

    routes = [
        *(route(path, download.operation, "GET") for path, download in DOWNLOADS.items()),
        route("/api/v1/clients/{publicId}.txt", "GetClientText", "GET"),
        *(route(row.path, row.operation, row.method) for row in (*ROUTES, *under_parents(PARENTS))),
    ]
    found: list[list[str]] = []
    for app in (ApiRouter(routes), Starlette(routes=routes)):
        edge: Any = EdgeMiddleware(app, Metrics(), seconds=5, timing=False)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://test") as http:
            asked = [
                await http.request(method, each.path.replace("{publicId}", "x_1"))
                for each in routes
                for method in sorted(each.methods or ())
            ]
        assert {answer.status_code for answer in asked} == {200}
        found.append([answer.text for answer in asked])
    assert found[0] == found[1]
