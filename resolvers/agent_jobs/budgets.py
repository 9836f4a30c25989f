"""What agents may cost for a client in a month: a call's worst case is reserved before it, and settled after it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.agent_jobs_errors import AgentErrorCode
from models.agent_jobs_steps import agent_budgets
from models.agents import TEST_MODEL
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, owned, statement
from resolvers.organizations import value_of
from resolvers.settings import settings_of

MILLION = 1_000_000


class JobStopped(Exception):
    """A job that must not go on: why, for programs and for a person."""

    def __init__(self, code: AgentErrorCode, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Price of a million input and output tokens, in micro-units."""

    input: int = 0
    output: int = 0

    def of(self, sent: int, received: int) -> int:
        """Return what a call costs, rounded up."""
        return -(-(sent * self.input + received * self.output) // MILLION)

    def affordable(self, amount: int, sent: int) -> int | None:
        """Return how many tokens may come back to a call that costs at most so much; None for any number."""
        left = amount * MILLION - sent * self.input
        if self.output:
            return left // self.output
        return None if left >= 0 else -1


async def price_of(ctx: Context, model: str, currency: str) -> TokenPrice:
    """Return the price of a model in a job's currency. Raises JobStopped NO_PRICE."""
    if model == TEST_MODEL:
        return TokenPrice()
    settings = await settings_of(ctx)
    found = settings["agents.prices"].get(model)
    if found is None or settings["agents.currency"] != currency:
        message = f"The setting agents.prices has no price of {model} in {currency}."
        raise JobStopped(AgentErrorCode.NO_PRICE, message)
    return TokenPrice(found["input"], found["output"])


@statement
def _open() -> Any:
    columns = ("client_id", "month", "currency")
    new = {name: sa.bindparam(name, type_=agent_budgets.c[name].type) for name in columns}
    return pg.insert(agent_budgets).values(org_id=ORG, reserved=0, spent=0, **new).on_conflict_do_nothing()


def _this() -> list[Any]:
    return [
        agent_budgets.c[name] == sa.bindparam(f"its_{name}", type_=agent_budgets.c[name].type)
        for name in ("client_id", "month", "currency")
    ]


@statement
def _locked() -> sa.Select[Any]:
    return owned(agent_budgets, agent_budgets.c.reserved, agent_budgets.c.spent).where(*_this()).with_for_update()


@statement
def _add() -> sa.Update:
    more = {
        name: agent_budgets.c[name] + sa.bindparam(f"more_{name}", type_=sa.BigInteger)
        for name in ("reserved", "spent")
    }
    return agent_budgets.update().where(agent_budgets.c.org_id == ORG, *_this()).values(more)


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of a client in the month of a moment; nothing for a job that is no client's."""

    client_id: UUID | None
    month: date
    currency: str

    async def left(self, ctx: Context) -> int | None:
        """Return how much may still be spent, and lock it until the transaction ends; None without a limit."""
        if self.client_id is None:
            return None
        most: int | None = (await settings_of(ctx))["agents.monthlyBudget"]
        await ctx.fetch(_open(), client_id=self.client_id, month=self.month, currency=self.currency)
        row = await ctx.row(_locked(), **self._key())
        assert row is not None, "it is there"
        return None if most is None else max(0, most - row["reserved"] - row["spent"])

    async def add(self, ctx: Context, *, reserved: int, spent: int = 0) -> None:
        """Change what is reserved and what is spent."""
        if self.client_id is not None and (reserved or spent):
            await ctx.fetch(_add(), **self._key(), more_reserved=reserved, more_spent=spent)

    def _key(self) -> dict[str, Any]:
        return {"its_client_id": self.client_id, "its_month": self.month, "its_currency": self.currency}


async def budget_of(ctx: Context, job: Row, moment: datetime) -> Budget:
    """Return the budget that a job's call of a moment counts for."""
    local = moment.astimezone(ZoneInfo(await value_of(ctx, "timezone")))
    return Budget(job["client_id"], local.date().replace(day=1), job["currency"])
