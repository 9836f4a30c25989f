"""OPTIONS says which methods a path answers, for every documented path."""

import pytest

from resolvers.downloads import DOWNLOADS
from rest_shim.routes import ROUTES, under_parents
from tests.support.api import Org

PARENTS = ("integrations", "settings", "org-settings")
ALLOWED: dict[str, set[str]] = {
    "/graphql": {"GET", "HEAD", "POST"},
    "/graphql/schema.graphql": {"GET", "HEAD"},
    **{path: {"GET", "HEAD"} for path in ("/api/health", "/api/ready", "/api/docs", "/api/openapi.json")},
}
ALLOWED |= {path.replace("{publicId}", "x"): {"GET", "HEAD"} for path in DOWNLOADS}
for route in (*ROUTES, *under_parents(PARENTS)):
    methods = ALLOWED.setdefault(route.path.replace("{publicId}", "x"), set())
    methods |= {route.method, "HEAD"} if route.method == "GET" else {route.method}


@pytest.mark.parametrize("path", sorted(ALLOWED))
async def test_options_lists_the_methods(acme: Org, path: str) -> None:
    for spelled in (path, path + "/"):
        # Neither a key nor a body is needed to ask.
        answer = await acme.http.options(spelled, headers={"Authorization": ""})
        assert (answer.status_code, answer.content) == (204, b"")
        assert {word.strip() for word in answer.headers["allow"].split(",")} == ALLOWED[path] | {"OPTIONS"}
        assert "content-type" not in answer.headers


@pytest.mark.parametrize("path", sorted(ALLOWED))
async def test_another_method_names_the_same(acme: Org, path: str) -> None:
    answer = await acme.http.request("TRACE", path)
    assert answer.status_code == 405
    assert {word.strip() for word in answer.headers["allow"].split(",")} == ALLOWED[path] | {"OPTIONS"}


async def test_options_of_an_unknown_path_is_not_found(acme: Org) -> None:
    assert (await acme.http.options("/api/v1/nothing")).status_code == 404
