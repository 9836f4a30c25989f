"""An organization whose agents are run: by a worker in this process or one of its own, with a model over real HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from models.actors import ActorKind, Source
from models.agent_jobs import AGENT_JOB
from models.typeid import decode, encode, new_uuid
from resolvers import organizations
from resolvers.actor import Actor
from resolvers.api_keys import mutations as api_keys
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from schema.requests.results import OperationResult
from tests.support.jobs import eventually, one, rows, working
from workers.agent_jobs.providers import Providers

ENGINE = Engine()
MODEL = "openai:scripted"
# In millionths: a token that is sent costs 1, one that comes back 10.
PRICES = {MODEL: {"input": 1_000_000, "output": 10_000_000}}
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED", "AWAITING_APPROVAL", "AWAITING_INPUT")
RUN = "select * from jobs where org_id = $1 and function = 'AGENT' order by id desc limit 1"


@dataclass
class Agency:
    """An organization, and the actor of its key."""

    runtime: Runtime
    org: UUID
    actor: Actor

    async def result(self, name: str, /, **given: Any) -> OperationResult:
        """The result of a named operation."""
        ctx = Context(self.runtime, self.actor, "test", Source.GRAPHQL)
        variables = given if OPERATIONS[name].operation_type == "query" else {"input": given}
        return await ENGINE.run(ctx, ENGINE.prepared(OPERATIONS[name], variables))

    async def data(self, name: str, /, **given: Any) -> Any:
        """What the root field of a named operation gives."""
        result = await self.result(name, **given)
        assert result.errors == [], result.errors
        assert result.data is not None
        (found,) = result.data.values()
        return found

    async def client(self, name: str = "Ada") -> str:
        """The ID of a new client."""
        made = await self.data("CreateClient", name=name, email=f"{new_uuid().hex}@example.com")
        return str(made["client"]["publicId"])

    async def order(self) -> dict[str, Any]:
        """A new order."""
        given = {"name": "Logo", "price": 15_000, "status": "ACTIVE"}
        service = (await self.data("CreateService", **given))["service"]["publicId"]
        made = await self.data("CreateOrder", clientId=await self.client(), serviceId=service)
        found: dict[str, Any] = made["order"]
        return found

    async def queued(self, *tools: str, approval: bool = False, about: str | None = None, **given: Any) -> str:
        """The ID of a new job of a new definition, which has these tools; ``about`` an order."""
        listed = [{"operation": tool, "requiresApproval": approval} for tool in tools]
        values = {"name": "Desk", "model": MODEL, "instructions": "Help.", "status": "ACTIVE", "tools": listed} | given
        definition = (await self.data("CreateAgentDefinition", **values))["agentDefinition"]["publicId"]
        of = {} if about is None else {"orderId": about}
        made = await self.data("QueueAgentJob", definitionId=definition, input={"say": "hello"}, **of)
        return str(made["agentJob"]["publicId"])

    async def set_setting(self, name: str, value: Any) -> None:
        """Set a setting, as JSON."""
        sql = "update org_settings set chosen = chosen || jsonb_build_object($1::text, $2::jsonb) where org_id = $3"
        await rows(self.runtime, self.org, sql, name, value, self.org)

    async def row(self, job: str) -> dict[str, Any]:
        """The row of a job."""
        key = decode(AGENT_JOB.prefix, job)
        return await one(self.runtime, self.org, "select * from agent_jobs where id = $1", key)

    async def steps(self, job: str) -> list[dict[str, Any]]:
        """The steps of a job, in order."""
        key = decode(AGENT_JOB.prefix, job)
        sql = "select * from agent_steps where job_id = $1 order by index"
        return [dict(row) for row in await rows(self.runtime, self.org, sql, key)]

    async def until(self, job: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """The row of a job, as soon as it is in one of some states; of those in which no worker runs it by default."""
        wanted = states or ENDED

        async def check() -> bool:
            return (await self.row(job))["status"] in wanted

        await eventually(check, seconds)
        return await self.row(job)

    async def worked(self, job: str, base_url: str | None, *states: str) -> dict[str, Any]:
        """The row of a job after a worker ran it, whose models are at a URL."""
        async with working(self.runtime, providers=Providers("sk-chat" if base_url else None, base_url)):
            return await self.until(job, *states)

    async def tried(self, job: str, base_url: str | None) -> dict[str, Any]:
        """The row of a job after a worker tried it, and left it for another attempt."""

        async def check() -> bool:
            return (await self.events())[-2:] == ["started", "queued"]

        async with working(self.runtime, providers=Providers("sk-chat" if base_url else None, base_url)):
            await eventually(check)
            return await self.row(job)

    async def decide(self, how: str, job: str, **given: Any) -> None:
        """Decide the step of a job that waits."""
        step = next(step for step in await self.steps(job) if step["expires_at"] and step["decision"] is None)
        await self.data(f"{how}AgentJob", id=job, stepId=encode("step", step["id"]), expectedVersion=(
            await self.row(job)
        )["version"], **given)  # fmt: skip

    async def events(self) -> list[str]:
        """The types of the events of jobs, in order."""
        found = await rows(
            self.runtime,
            self.org,
            "select type from events where type like 'agent_job.%' and type <> 'agent_job.step' order by xact, id",
        )
        return [row["type"].removeprefix("agent_job.") for row in found]

    async def count(self, table: str) -> int:
        """How many rows of a table there are."""
        sql = f"select count(*) as n from {table} where org_id = $1"
        return int((await one(self.runtime, self.org, sql, self.org))["n"])


@pytest.fixture
async def agency(runtime: Runtime) -> Agency:
    """An organization of the test's own, in a database of its own."""
    # A worker shares the pools with the test, which looks often.
    runtime.pool_wait = 30
    ctx = organizations.command_line(runtime, new_uuid())
    async with ctx.transaction():
        await organizations.create(ctx, "Test", f"org-{new_uuid().hex[:20]}")
        row, _ = await api_keys.create(ctx, {"name": "test", "scopes": ["*"]})
    key = encode("apikey", row["id"])
    actor = Actor(ActorKind.KEY, key, "test", frozenset({"*"}), ctx.org_id, row["id"], row["digest"])
    made = Agency(runtime, ctx.org_id, actor)
    await made.set_setting("agents.prices", PRICES)
    return made
