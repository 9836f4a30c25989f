"""The second yardstick: W1, W2 and W3 as the documentation of Strawberry and SQLAlchemy builds them.

Strawberry's ASGI view, ORM entities through an AsyncSession, a DataLoader for each relation, the documented caches of
parsed and validated documents; the product's tenant transaction and key's check.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import strawberry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from bench.access import Access, tenant
from bench.plain import serve
from bench.stock_types import SCALARS, Loaders, Query
from resolvers.database.runtime import Runtime
from server.settings import Settings
from server.wiring import running


class Transaction(SchemaExtension):
    """One read-only snapshot of one organization for an operation."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Open it before the operation and commit it after."""
        context = self.execution_context.context
        async with context["sessions"]() as session, session.begin():
            await session.execute(text(context["tenant"]))
            context["loaders"] = Loaders(session)
            yield


class View(GraphQL[Any, None]):
    """Strawberry's view, with the session and the loaders in the context."""

    sessions: async_sessionmaker[AsyncSession]
    runtime: Runtime
    access: Access

    async def get_context(self, request: Any, response: Any) -> Any:
        """Check the key. Raises HTTPException 401."""
        actor = await self.access.actor_of(request.headers.get("authorization"))
        if actor is None:
            raise HTTPException(401)
        return {"sessions": self.sessions, "tenant": tenant(self.runtime, actor.org_id)}


def make_app(settings: Settings) -> Starlette:
    """The application, with a pool of the product's size."""
    schema = strawberry.Schema(
        Query,
        extensions=[ParserCache, ValidationCache, Transaction],
        scalar_overrides=SCALARS,
    )
    view = View(schema, graphql_ide=None)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        engine = create_async_engine(
            settings.database_url.replace("postgresql://", "postgresql+asyncpg://"),
            pool_size=settings.pool_max,
            max_overflow=0,
            isolation_level="REPEATABLE READ",
        ).execution_options(postgresql_readonly=True)
        async with running(settings, min_size=0, max_size=1) as runtime:
            view.sessions = async_sessionmaker(engine, expire_on_commit=False)
            view.runtime, view.access = runtime, Access(runtime)
            app.router.routes.append(Route("/graphql", view))
            yield
        await engine.dispose()

    return Starlette(lifespan=lifespan)


if __name__ == "__main__":
    serve(make_app, tuned=False)
