"""URLs that a person follows: what browsers take for one, and send."""

import pytest
from pydantic import TypeAdapter, ValidationError

from models.types import Link
from tests.support.urls import NO_URLS, URLS


@pytest.mark.parametrize("url", URLS)
def test_what_a_browser_sends_is_a_url(url: str) -> None:
    assert TypeAdapter(Link).validate_python(url) == url


@pytest.mark.parametrize("url", NO_URLS)
def test_what_a_browser_does_not_send_is_none(url: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Link).validate_python(url)
