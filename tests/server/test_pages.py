"""The start page: where everything is."""

import re

import pytest

from server.pages import landing


@pytest.mark.parametrize("graphiql", [False, True])
def test_it_names_each_way_in(graphiql: bool) -> None:
    page = landing("http://host", graphiql=graphiql, demo_key=None)
    assert re.findall("href=([^>]+)", page) == [*["/graphql"][: int(graphiql)], "/api/docs", "/api/openapi.json"]
    assert re.findall("<code>([^<]+)</code>", page) == ["/graphql", "/mcp"]
