"""The plans of a context's statements, as PostgreSQL explains them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql

from models.keys import ActorKind, Source
from resolvers.context import Actor, Context
from resolvers.runtime import Runtime
from resolvers.sql import Sql

Plan = Mapping[str, Any]


class Explained(Context):
    """A context that keeps each statement with its plan."""

    plans: list[tuple[str, Plan]]
    options: str

    async def run(self, asked: Sql, arguments: Sequence[Any]) -> list[Any]:
        """Run a statement, and keep the plan that it has in its snapshot."""
        link = self._connection
        assert link is not None, "a snapshot is open"
        await link.execute(f"prepare explained as {asked.text}")
        given = sql.SQL(", ").join(map(sql.Literal, arguments)).as_string()
        (plan,) = json.loads(await link.fetchval(f"explain ({self.options}) execute explained({given})"))
        await link.execute("deallocate explained")
        self.plans.append((asked.text, plan["Plan"]))
        return await super().run(asked, arguments)


def explained(runtime: Runtime, org_id: UUID, *options: str) -> Explained:
    """A context of an organization, whose plans are explained with these options."""
    made = Explained(runtime, Actor(ActorKind.CLI, "test", "test", frozenset({"*"}), org_id), "test", Source.CLI)
    made.plans, made.options = [], ", ".join([*options, "format json"])
    return made
