"""What a route needs of its domain's file."""

import pytest

from rest_shim.guide import route_texts


def test_a_route_without_a_text_says_where_to_write_it() -> None:
    assert route_texts()["GetOrder"]
    with pytest.raises(LookupError, match="ListVenues has no text: add a heading `## ListVenues`"):
        route_texts()["ListVenues"]
