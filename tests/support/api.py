"""What tests of the API need: a real server over real HTTP, two organizations, and keys of every strength."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from models.typeid import new_uuid
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from resolvers.database.runtime import Runtime
from server.app import create_app
from server.dev.embedded import free_port
from server.http.unsignalled import UnsignalledServer
from server.serve import protocol_of
from server.settings import Settings
from server.wiring import running
from tests.support.openapi import check_problem
from tests.support.servers import Backends

# Made once: reading the certificates of all authorities takes longer than most tests.
TLS = ssl.create_default_context()
KEY = "1:" + base64.b64encode(bytes(range(32))).decode()


def settings_of(backends: Backends, **given: Any) -> Settings:
    """Settings of a development server on the tests' servers."""
    fixed: dict[str, Any] = {
        "database_url": backends.database_url,
        "redis_url": backends.redis_url,
        "key_peppers": KEY,
        "secret_keys": KEY,
        "seal_keys": KEY,
        "environment": "development",
        "server_timing": True,
        # All tests come from one address.
        "auth_failures_per_minute": 100_000,
        "anonymous_bucket": 10_000_000,
        # Some tests ask as much as they can, also with an access token, which has a part of it.
        "rate_bucket": 1_000_000,
        "rate_refill": 400_000,
        "port": free_port(),
    }
    return Settings(**(fixed | given))


@asynccontextmanager
async def serving(settings: Settings, *, compare: bool = True) -> AsyncIterator[str]:
    """A server for the block; its base URL. Each query is held against graphql-core's own answer, if not forbidden."""
    config = uvicorn.Config(
        create_app(settings, compare=compare),
        host="127.0.0.1",
        port=settings.port,
        log_config=None,
        lifespan="on",
        ws="none",
        http=protocol_of(settings),
        limit_concurrency=settings.limit_concurrency,
        proxy_headers=False,
    )
    server = UnsignalledServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        await task


@dataclass
class Org:
    """An organization with an HTTP client that holds a key."""

    id: UUID
    slug: str
    runtime: Runtime
    http: httpx.AsyncClient
    key: str
    others: "list[Org]" = field(default_factory=list)

    async def graphql(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        """POST a document."""
        return await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def data(self, query: str, **variables: Any) -> Any:
        """The data of a document that must succeed."""
        answer = (await self.graphql(query, **variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def refused(self, query: str, **variables: Any) -> list[tuple[str, str | None]]:
        """The code and field of each error of a document that must fail."""
        answer = (await self.graphql(query, **variables)).json()
        return [(error["extensions"]["code"], error["extensions"].get("field")) for error in answer["errors"]]

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        """What a statement finds in the organization, as the application's role."""
        async with self.runtime.bound(self.id) as connection:
            return list(await connection.fetch(sql, *values))

    async def count(self, table: str) -> int:
        """How many rows of a table the organization has."""
        found: int = (await self.rows(f"select count(*) as n from {table}"))[0]["n"]
        return found

    async def new_key(self, *scopes: str) -> str:
        """A raw key with these scopes."""
        ctx = organizations.command_line(self.runtime, self.id)
        async with ctx.transaction():
            _, raw = await api_keys.create(ctx, {"name": "test", "scopes": list(scopes)})
        return raw

    async def set_setting(self, name: str, value: Any) -> None:
        """Set one of the organization's settings, as JSON, in the table itself."""
        await self.rows(
            "update org_settings set chosen = chosen || jsonb_build_object($1::text, $2::jsonb)", name, value
        )

    def holding(self, key: str) -> "Org":
        """The same organization, another key."""
        http = _http(str(self.http.base_url), key)
        self.others.append(Org(self.id, self.slug, self.runtime, http, key))
        return self.others[-1]

    async def close(self) -> None:
        """Close the connections of this key, and of the keys that were held beside it."""
        await self.http.aclose()
        for other in self.others:
            await other.close()


def _http(base: str, key: str) -> httpx.AsyncClient:
    """A client that holds a key, and each problem that it gets against the documented ones."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(
        base_url=base, headers=headers, event_hooks={"response": [check_problem]}, verify=TLS, timeout=30
    )


async def make_org(runtime: Runtime, base: str, *scopes: str) -> Org:
    """A new organization with a key."""
    slug = f"org-{new_uuid().hex[:20]}"
    ctx = organizations.command_line(runtime, new_uuid())
    async with ctx.transaction():
        await organizations.create(ctx, "Test", slug)
        _, raw = await api_keys.create(ctx, {"name": "test", "scopes": list(scopes) or ["*"]})
    return Org(ctx.org_id, slug, runtime, _http(base, raw), raw)


@pytest.fixture(scope="session")
async def api_settings(backends: Backends) -> Settings:
    """The settings of the server that the session's tests share."""
    return settings_of(backends)


@pytest.fixture(scope="session")
async def api(api_settings: Settings) -> AsyncIterator[str]:
    """The base URL of the server that the session's tests share."""
    async with serving(api_settings) as base:
        yield base


@pytest.fixture(scope="session")
async def api_runtime(api_settings: Settings) -> AsyncIterator[Runtime]:
    """A runtime of the tests' own on the server's database."""
    async with running(api_settings, max_size=4) as made:
        yield made


@pytest.fixture
async def acme(api: str, api_runtime: Runtime) -> AsyncIterator[Org]:
    """An organization of the test's own, whose key may do everything."""
    made = await make_org(api_runtime, api)
    yield made
    await made.close()


@pytest.fixture
async def other(api: str, api_runtime: Runtime) -> AsyncIterator[Org]:
    """Another organization."""
    made = await make_org(api_runtime, api)
    yield made
    await made.close()


async def new_client(org: Org, **given: Any) -> dict[str, Any]:
    """A client over REST."""
    body = {"name": "Ada Lovelace", "email": f"ada-{new_uuid().hex}@example.com"} | given
    answer = await org.http.post("/api/v1/clients", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def new_service(org: Org, **given: Any) -> dict[str, Any]:
    """An ACTIVE service over REST."""
    body = {"name": "Logo", "price": 15_000, "status": "ACTIVE", "deliveryDays": 5} | given
    answer = await org.http.post("/api/v1/services", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def new_order(org: Org, client: str | None = None, service: str | None = None, **given: Any) -> dict[str, Any]:
    """A PENDING order over REST, of a new client and service where none is given."""
    body = {
        "clientId": client or (await new_client(org))["publicId"],
        "serviceId": service or (await new_service(org))["publicId"],
    }
    answer = await org.http.post("/api/v1/orders", json=body | given)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found
