"""What both APIs need of the process: its runtime, who a request is from, and what it may spend."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from models.actors import ActorKind
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.loaded import BYTES_OF_UNIT, COST_OF_REFUSED
from resolvers.database.runtime import Runtime
from resolvers.documents.lookup import TrustedDocuments
from resolvers.errors import Refusal
from resolvers.forms.matching import WORK_OF_UNIT
from resolvers.lists.conditions import NOBODY
from web.body import Bodies
from web.http import Header, Request

# How long a search may take for its price, and what each further second costs.
SHORT_SEARCH_S, COST_OF_SECOND = 0.5, 10_000
# So many bytes that an Idempotency-Key keeps for a day are free; of the others so many cost one.
KEPT_FREE, KEPT_OF_UNIT = 64 * 1024, 128

# The bytes of a request without a key.
MOST_OF_PUBLIC = 8 * 1024
PUBLIC = Actor(ActorKind.PUBLIC, "public", "public", frozenset(), NOBODY)


class Spent(NamedTuple):
    """What may still be spent, and the headers that say so."""

    remaining: int
    headers: tuple[Header, ...]


class Subject(NamedTuple):
    """Whom an access token is for, who has a part of the organization's budget, and what a refusal calls them."""

    id: UUID
    label: str


def subject_of(actor: Actor) -> Subject | None:
    """Return whom an actor's access token is for; None for who pays with all of the organization's budget."""
    return None if actor.subject is None else Subject(actor.subject, actor.kind.lower())


class OverBudgetError(Refusal):
    """RATE_LIMITED, as the budget is spent; ``headers`` say so too."""

    def __init__(self, message: str, wait: int, headers: tuple[Header, ...]) -> None:
        super().__init__("RATE_LIMITED", message, retryAfter=wait)
        self.headers = headers


class Accounting(Protocol):
    """Finds out who sent a request, and charges its cost."""

    async def payer_of(self, request: Request, headers: list[Header]) -> Actor:
        """Return who a request is from."""

    async def pay(self, request: Request, actor: Actor, cost: int, headers: list[Header], done: int = 0) -> int:
        """Spend a cost and what was done already; what remains."""


@dataclass(frozen=True, slots=True)
class Visitors:
    """Requests without a key: the public's, paid for by their addresses. ``read`` and ``spend`` raise Refusal
    RATE_LIMITED; ``owe`` takes what was done already."""

    read: Callable[[Request, Refusal, int], None]
    spend: Callable[[Request, int], None]
    owe: Callable[[Request, int], None]

    async def payer_of(self, request: Request, headers: list[Header]) -> Actor:
        """Return the public. Raises Refusal TOO_LARGE for a request that is longer than one without a key may be."""
        refused = Refusal("TOO_LARGE", "The request is too long for one without an API key.")
        self.read(request, refused, MOST_OF_PUBLIC)
        return PUBLIC

    async def pay(self, request: Request, actor: Actor, cost: int, headers: list[Header], done: int = 0) -> int:
        """Spend a cost and what was done already; what remains is nobody's to know."""
        self.spend(request, cost + done)
        return 0


@dataclass(slots=True)
class Dependencies:
    """What both APIs need: how bodies are read, and, from the start of the process on, its things, who a request is
    from, and what it may spend. ``spend`` and ``refuse_debtor`` raise OverBudgetError, and ``form_turn``, which takes a
    turn of an address to submit a form, Refusal RATE_LIMITED; ``take`` takes what was done already, and gives back what
    is less than nothing."""

    bodies: Bodies
    visitors: Visitors
    address_of: Callable[[Request], str]
    runtime: Runtime = field(init=False)
    documents: TrustedDocuments = field(init=False)
    actor_of: Callable[[Request], Awaitable[Actor]] = field(init=False)
    spend: Callable[[UUID, int, int, Subject | None], Awaitable[Spent]] = field(init=False)
    take: Callable[[UUID, int, Subject | None], None] = field(init=False)
    refuse_debtor: Callable[[UUID, Subject | None], None] = field(init=False)
    form_turn: Callable[[str, UUID], Coroutine[Any, Any, None]] = field(init=False)

    async def payer_of(self, request: Request, headers: list[Header], *, documents: bool = False) -> Actor:
        """Return who a request is from, once nothing is owed for what was done for the payer before.

        Raises Refusal FORBIDDEN for a key that runs trusted documents only, where ``documents`` does not say that the
        caller holds it to them.
        """
        actor = await self.actor_of(request)
        if actor.trusted_documents_only and not documents:
            raise Refusal("FORBIDDEN", "The API key runs trusted documents only, which /graphql takes.")
        try:
            self.refuse_debtor(actor.org_id, subject_of(actor))
        except OverBudgetError as refused:
            headers += refused.headers
            raise
        return actor

    async def pay(self, request: Request, actor: Actor, cost: int, headers: list[Header], done: int = 0) -> int:
        """Spend a cost and what was done already; what remains. The headers tell it, also where OverBudgetError is
        raised: what was done is paid or owed then."""
        try:
            spent = await self.spend(actor.org_id, cost + done, done, subject_of(actor))
        except OverBudgetError as refused:
            headers += refused.headers
            raise
        headers += spent.headers
        return spent.remaining

    async def reserve(self, actor: Actor, cost: int) -> None:
        """Spend what something costs at most. Raises OverBudgetError."""
        await self.spend(actor.org_id, cost, 0, subject_of(actor))

    def give_back(self, actor: Actor, cost: int) -> None:
        """Give back what was reserved and not taken."""
        self.take(actor.org_id, -cost, subject_of(actor))

    def owe(self, actor: Actor, cost: int) -> None:
        """Take the cost of what was done for somebody, even where that leaves a debt."""
        self.take(actor.org_id, cost, subject_of(actor))

    def charge_rest(self, request: Request, ctx: Context) -> None:
        """Charge an operation that ran for what no price foresees: a search that took longer than most, the patterns of
        forms, what was loaded for an answer that is too large, and a long result that is kept to be sent again."""
        cost = ctx.matched // WORK_OF_UNIT
        if ctx.loaded is not None:
            cost += ctx.loaded.refused * COST_OF_REFUSED
            if ctx.loaded.kept > KEPT_FREE:
                cost += (ctx.loaded.kept - KEPT_FREE) // KEPT_OF_UNIT
        if ctx.search_seconds > SHORT_SEARCH_S:
            cost += int((ctx.search_seconds - SHORT_SEARCH_S) * COST_OF_SECOND)
        if not cost:
            return
        if ctx.actor is PUBLIC:
            self.visitors.owe(request, cost)
        else:
            self.owe(ctx.actor, cost)

    def charge_answer(self, ctx: Context, paid: int, size: int) -> None:
        """Charge an answer of so many bytes for what of it the price that was paid does not cover. What the public may
        have is small, or counted by its objects."""
        cost = size // BYTES_OF_UNIT - paid
        if cost > 0 and ctx.actor is not PUBLIC:
            self.owe(ctx.actor, cost)
