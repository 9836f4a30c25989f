"""The budget of an organization: shared in Redis, local while Redis is away, told in headers."""

from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Redis

from resolvers.errors import Refusal
from resolvers.runtime import Runtime
from server.buckets import Buckets
from tests.api_support import make_org, serving, settings_of
from tests.servers import Backends

NOWHERE = "redis://127.0.0.1:1/0"


async def test_a_bucket_is_shared_and_ends(backends: Backends) -> None:
    redis = Redis.from_url(backends.redis_url)
    first, second, org = Buckets(redis, 100, 1), Buckets(redis, 100, 1), uuid4()
    assert (await first.spend(org, 60)).remaining == 40
    with pytest.raises(Refusal) as refused:
        await second.spend(org, 60)
    assert (refused.value.code, refused.value.status) == ("RATE_LIMITED", 429)
    assert 19 <= refused.value.extra["retryAfter"] <= 20
    spent = await second.spend(org, 40)
    assert dict(spent.headers)[b"ratelimit-policy"] == b'"cost";q=100;w=100'
    await redis.aclose()


async def test_without_redis_a_local_bucket_serves() -> None:
    redis = Redis.from_url(NOWHERE)
    buckets, org = Buckets(redis, 100, 1), uuid4()
    assert (await buckets.spend(org, 60)).remaining == 40
    with pytest.raises(Refusal, match="spent its budget"):
        await buckets.spend(org, 60)
    assert (await buckets.spend(uuid4(), 60)).remaining == 40
    await redis.aclose()


async def test_both_doors_refuse_what_is_spent(backends: Backends, api_runtime: Runtime) -> None:
    async with serving(settings_of(backends, rate_bucket=60, rate_refill=1)) as base:
        org = await make_org(api_runtime, base)
        first: httpx.Response = await org.http.get("/api/v1/clients?limit=50")
        assert first.status_code == 200
        assert first.headers["ratelimit-policy"] == '"cost";q=60;w=60'
        assert first.headers["ratelimit"].startswith('"cost";r=')
        rest = await org.http.get("/api/v1/clients?limit=50")
        assert (rest.status_code, rest.json()["code"]) == (429, "RATE_LIMITED")
        assert int(rest.headers["retry-after"]) == rest.json()["retryAfter"]
        graph = await org.graphql("{ clients(first: 50) { nodes { id } } }")
        assert (graph.status_code, graph.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
        await org.http.aclose()
