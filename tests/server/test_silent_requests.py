"""A request on a connection to the database that has fallen silent is answered before its own deadline."""

import asyncio

from server.wiring import running
from tests.support.api import make_org, new_client, serving, settings_of
from tests.support.refusals import problem
from tests.support.servers import Backends
from tests.support.silent import silent_path

LONG = 60.0


async def test_a_request_on_a_silent_connection_is_answered(backends: Backends) -> None:
    async with (
        asyncio.timeout(LONG),
        silent_path(backends) as path,
        serving(settings_of(path.backends, statement_timeout_ms=1000)) as base,
        running(settings_of(backends), max_size=2) as runtime,
    ):
        org = await make_org(runtime, base)
        await new_client(org)
        assert path.fall_silent()
        refused = await org.http.get("/api/v1/clients", timeout=LONG)
        found = problem(refused, 503, "UNAVAILABLE")
        # And not that the request took too long.
        assert found["detail"] == "The database is not available; retry later."
        assert refused.headers["retry-after"] == "1"
        assert (await org.http.get("/api/v1/clients")).status_code == 200
        await org.http.aclose()
