"""The first yardstick: the workloads answered by hand with Starlette, asyncpg and orjson, as fast as Python gets.

It reads no GraphQL: a query is known by its exact text. Each answer is made in the product's tenant transaction, under
row-level security, after a key's check. It has no limits, logs or models.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.access import Access, tenant
from bench.handwritten_client import page
from bench.handwritten_order import create_order
from bench.handwritten_reads import Connection, flat, got, listed, nested, one
from bench.plain import serve
from bench.workloads import CLIENT, FLAT, NESTED, ONE
from resolvers.database.runtime import Runtime
from server.settings import Settings
from server.wiring import running

JSON = "application/json"
READ = "begin isolation level repeatable read, read only;"
WRITE = "begin;"


class _NoReset(asyncpg.Connection):
    """Nothing outlives a transaction here, and a reset would be a round trip."""

    def get_reset_query(self) -> str:
        """Nothing to run."""
        return ""


QUERIES: dict[str, Callable[[Connection, UUID, Any], Awaitable[Any]]] = {
    NESTED: nested,
    FLAT: flat,
    ONE: one,
    CLIENT: page,
}


class Handlers:
    """The routes, over one pool."""

    def __init__(self, runtime: Runtime, pool: Any) -> None:
        self.runtime, self.pool, self.access = runtime, pool, Access(runtime)

    async def _in(self, begin: str, org_id: UUID, work: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        async with self.pool.acquire() as con:
            try:
                await con.execute(begin + tenant(self.runtime, org_id))
                answer = await work(con, org_id, *given)
                await con.execute("commit")
            except BaseException:
                await con.execute("rollback")
                raise
        return answer

    async def graphql(self, request: Request) -> Response:
        """W1, W2, W3 and W7."""
        actor = await self.access.actor_of(request.headers.get("authorization"))
        if actor is None:
            return Response(status_code=401)
        body = orjson.loads(await request.body())
        answer = await self._in(READ, actor.org_id, QUERIES[body["query"]], body.get("variables"))
        return Response(orjson.dumps(answer), media_type=JSON)

    async def clients(self, request: Request) -> Response:
        """W4."""
        actor = await self.access.actor_of(request.headers.get("authorization"))
        if actor is None:
            return Response(status_code=401)
        answer = await self._in(READ, actor.org_id, listed, int(request.query_params.get("limit", 20)))
        return Response(orjson.dumps(answer), media_type=JSON)

    async def order(self, request: Request) -> Response:
        """W5."""
        actor = await self.access.actor_of(request.headers.get("authorization"))
        if actor is None:
            return Response(status_code=401)
        answer = await self._in(READ, actor.org_id, got, request.path_params["id"])
        if answer is None:
            return Response(status_code=404)
        headers = {"ETag": f'"{answer["data"]["version"]}"'}
        return Response(orjson.dumps(answer), headers=headers, media_type=JSON)

    async def create(self, request: Request) -> Response:
        """W6."""
        actor = await self.access.actor_of(request.headers.get("authorization"))
        if actor is None:
            return Response(status_code=401)
        body = orjson.loads(await request.body())
        public_id, text = await self._in(WRITE, actor.org_id, create_order, self.runtime, actor, body)
        headers = {"ETag": '"1"', "Location": f"/api/v1/orders/{public_id}"}
        return Response(b'{"data":' + text + b"}", 201, headers, JSON)


def make_app(settings: Settings) -> Starlette:
    """The application, with a pool of the product's size."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The product's runtime looks up keys and reserves numbers, on its side pool.
        async with (
            running(settings, min_size=0, max_size=1) as runtime,
            asyncpg.create_pool(
                settings.database_url,
                min_size=settings.pool_min,
                max_size=settings.pool_max,
                connection_class=_NoReset,
            ) as pool,
        ):
            handlers = Handlers(runtime, pool)
            app.router.routes.extend(
                [
                    Route("/graphql", handlers.graphql, methods=["POST"]),
                    Route("/api/v1/clients", handlers.clients, methods=["GET"]),
                    Route("/api/v1/orders", handlers.create, methods=["POST"]),
                    Route("/api/v1/orders/{id}", handlers.order, methods=["GET"]),
                ]
            )
            yield

    return Starlette(lifespan=lifespan)


if __name__ == "__main__":
    serve(make_app, tuned=True)
