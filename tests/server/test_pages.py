"""The pages that the server has for a browser."""

import re

from server.pages import GRAPHIQL


def test_graphiql_keeps_no_header_on_the_disk() -> None:
    assert re.findall(rb"shouldPersistHeaders: (\w+)", GRAPHIQL) == [b"false"]
