"""An organization for state machines that are walked at random: hypothesis calls no coroutines."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import pytest

from models.typeid import new_uuid
from resolvers import organizations
from resolvers.context import Context, Row
from resolvers.database.runtime import Runtime
from server.wiring import running
from tests.support.api import settings_of
from tests.support.servers import Backends

T = TypeVar("T")


@dataclass
class World:
    """An organization in a database, and the loop that its statements run in."""

    runner: asyncio.Runner
    runtime: Runtime
    org_id: UUID

    def context(self) -> Context:
        """The context of the command line."""
        return organizations.command_line(self.runtime, self.org_id)

    def changed(self, change: Any, *given: Any) -> Any:
        """The result of a change in a transaction of its own. Raises Refusal."""

        async def work() -> Any:
            ctx = self.context()
            async with ctx.transaction():
                return await change(ctx, *given)

        return self.run(work())

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """What a statement finds in the organization."""

        async def work() -> list[Row]:
            async with self.runtime.bound(self.org_id) as connection:
                return list(await connection.fetch(sql, *values))

        return self.run(work())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine."""
        return self.runner.run(work)


@pytest.fixture
def world(own_backends: Backends) -> Iterator[World]:
    """An organization in a database of its own."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = World(runner, runner.run(stack.enter_async_context(running(settings_of(own_backends)))), new_uuid())
        made.changed(organizations.create, "Test", "test")
        yield made
        runner.run(stack.aclose())
