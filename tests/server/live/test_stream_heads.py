"""HEAD of what GET answers by an event stream: the same head, no body, and an end."""

import pytest

from resolvers.database.runtime import Runtime
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.live import WAIT_S
from tests.support.servers import Backends

STREAM = "text/event-stream"
EVENTS = "subscription($after: ID) { events(after: $after) { id } }"
PARAMETERS = {
    "a query": {"query": "{ health { status } }"},
    "a document that is none": {"query": "{"},
    "a change": {"query": "mutation { deleteClient(input: {id: 1}) { deletedId } }"},
    "no request": {"variables": "{"},
    "a subscription": {"query": EVENTS},
    "a subscription that is refused": {"query": EVENTS, "variables": '{"after": "x"}'},
}


@pytest.mark.parametrize("accept", [STREAM, f"{STREAM}, application/json", f"{STREAM};q=0"])
@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
async def test_head_has_the_headers_of_get(acme: Org, parameters: dict[str, str], accept: str) -> None:
    headers = {"Accept": accept, "X-Request-Id": "same"}
    async with acme.http.stream("GET", "/graphql", params=parameters, headers=headers, timeout=WAIT_S) as got:
        pass
    head = await acme.http.head("/graphql", params=parameters, headers=headers, timeout=WAIT_S)
    assert (head.status_code, head.content) == (got.status_code, b"")
    # What the first has paid for, the second need not; what is left then has other digits; HEAD has no chunks.
    varying = ("date", "ratelimit", "ratelimit-policy", "content-length", "transfer-encoding")
    shown = [{name: value for name, value in answer.headers.items() if name not in varying} for answer in (got, head)]
    assert shown[0] == shown[1]


async def test_head_leaves_no_stream_open(backends: Backends, api_runtime: Runtime) -> None:
    async with serving(settings_of(backends, live_streams=1)) as base:
        org = await make_org(api_runtime, base)
        asked, headers = {"query": EVENTS}, {"Accept": STREAM}
        for _ in range(2):
            head = await org.http.head("/graphql", params=asked, headers=headers, timeout=WAIT_S)
            assert (head.status_code, head.headers["content-type"]) == (200, f"{STREAM}; charset=utf-8")
        async with org.http.stream("GET", "/graphql", params=asked, headers=headers, timeout=WAIT_S) as got:
            assert got.status_code == 200
            head = await org.http.head("/graphql", params=asked, headers=headers, timeout=WAIT_S)
            assert (head.status_code, head.headers["retry-after"]) == (429, "1")
        await org.close()
