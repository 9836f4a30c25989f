"""Commands of curl as documents show them, sent by an organization's own client."""

import re
import shlex
from collections.abc import Mapping

import httpx

from rest_shim.to_graphql import guide_to_graphql
from tests.support.api import Org

_SECTION = re.compile(r"^### .*: `([A-Z]+)(?: or PATCH)? (\S+)`$", re.MULTILINE)
_COMMAND = re.compile(r"^```sh\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def documented_pairs() -> dict[str, tuple[str, str]]:
    """By the name of a route, the two commands that the guide to the graph has for it: over REST, and to the graph."""
    parts = _SECTION.split(guide_to_graphql())[1:]
    found = {}
    for method, path, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        rest, graph = _COMMAND.findall(text)
        found[f"{method} {path}"] = (rest, graph)
    return found


async def sent(
    org: Org, command: str, headers: Mapping[str, str] | None = None, *, public: bool = False
) -> httpx.Response:
    """The answer to a command; ``headers`` stand in for its own. ``public``: it has no key."""
    words = iter(shlex.split(command.replace("\\\n", " "))[2:])
    method, url, body, found = "", "", None, {}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            found[name] = value
        elif word == "-d":
            body = next(words)
        elif word == "-X":
            method = next(words)
        else:
            url = word.removeprefix("$URL")
    assert found.pop("Authorization", "") == ("" if public else "Bearer $KEY")
    method = method or ("GET" if body is None else "POST")
    return await org.http.request(method, url, content=body, headers=found | dict(headers or {}))
