"""The types, resolvers and loaders of the stock server."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from strawberry.dataloader import DataLoader

from models.clients import Client as ClientRow
from models.clients import clients
from models.messages import Message as MessageRow
from models.messages import messages
from models.orders import Order as OrderRow
from models.orders import orders
from models.services import Service as ServiceRow
from models.services import services
from models.typeid import created_at, decode, encode
from schema.declaration.moments import shown_moment

Info = strawberry.Info[Any, None]
SCALARS: dict[object, Any] = {datetime: strawberry.scalar(name="DateTime", serialize=shown_moment, parse_value=str)}


class Loaders:
    """A request's loaders. Its session takes one statement at a time."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.turn = asyncio.Lock()
        self.clients = DataLoader[UUID, ClientRow](load_fn=self._clients)
        self.services = DataLoader[UUID, ServiceRow](load_fn=self._services)
        self.orders = DataLoader[tuple[UUID, int], list[OrderRow]](load_fn=self._orders)
        self.messages = DataLoader[tuple[UUID, int], list[MessageRow]](load_fn=self._messages)

    async def all(self, statement: Any) -> list[Any]:
        """The entities of a statement."""
        async with self.turn:
            return list((await self.session.scalars(statement)).all())

    async def _clients(self, keys: list[UUID]) -> Sequence[ClientRow]:
        found = {row.id: row for row in await self.all(select(ClientRow).where(clients.c.id.in_(keys)))}
        return [found[key] for key in keys]

    async def _services(self, keys: list[UUID]) -> Sequence[ServiceRow]:
        found = {row.id: row for row in await self.all(select(ServiceRow).where(services.c.id.in_(keys)))}
        return [found[key] for key in keys]

    async def _orders(self, keys: list[tuple[UUID, int]]) -> Sequence[list[OrderRow]]:
        return await self._newest(OrderRow, orders.c.client_id, keys)

    async def _messages(self, keys: list[tuple[UUID, int]]) -> Sequence[list[MessageRow]]:
        return await self._newest(MessageRow, messages.c.order_id, keys)

    async def _newest(self, entity: Any, parent: Any, keys: list[tuple[UUID, int]]) -> list[list[Any]]:
        """The newest rows of each parent, one more than asked for: a window function numbers them."""
        place = func.row_number().over(partition_by=parent, order_by=entity.id.desc()).label("place")
        numbered = select(entity, place).where(parent.in_([key for key, _ in keys])).subquery()
        row = aliased(entity, numbered)
        most = max(size for _, size in keys) + 1
        found = await self.all(select(row).where(numbered.c.place <= most).order_by(numbered.c.id.desc()))
        grouped: dict[UUID, list[Any]] = defaultdict(list)
        for each in found:
            grouped[getattr(each, parent.name)].append(each)
        return [grouped[key] for key, _ in keys]


def _loaders(info: Info) -> Loaders:
    loaders: Loaders = info.context["loaders"]
    return loaders


class Direction(Enum):
    """Which way."""

    ASC = "ASC"
    DESC = "DESC"


class By(Enum):
    """By what."""

    CREATED_AT = "CREATED_AT"


strawberry.enum(Direction)
strawberry.enum(By)


@strawberry.input
class Ordering:
    """An order of a list."""

    field: By
    direction: Direction


@strawberry.type
class PageInfo:
    """Whether there is more."""

    has_next_page: bool


@strawberry.type
class Service:
    """A service."""

    name: str
    price: int


@strawberry.type
class Author:
    """Who wrote a message."""

    kind: str
    name: str


@strawberry.type
class Message:
    """A message."""

    id: strawberry.ID
    body: str
    author: Author
    created_at: datetime

    @classmethod
    def of(cls, row: MessageRow) -> Self:
        """The message of a row."""
        author = Author(kind=row.author_kind, name=row.author_name)
        return cls(id=_id("message", row.id), body=row.body, author=author, created_at=created_at(row.id))


@strawberry.type
class MessageConnection:
    """A page of messages."""

    nodes: list[Message]


@strawberry.type
class Order:
    """An order."""

    id: strawberry.ID
    number: int
    status: str
    total: int
    row: strawberry.Private[OrderRow]

    @classmethod
    def of(cls, row: OrderRow) -> Self:
        """The order of a row."""
        return cls(id=_id("order", row.id), number=row.number, status=row.status, total=row.total, row=row)

    @strawberry.field
    async def client(self, info: Info) -> "Client":
        """Whose it is."""
        return Client.of(await _loaders(info).clients.load(self.row.client_id))

    @strawberry.field
    async def service(self, info: Info) -> Service:
        """What was ordered."""
        row = await _loaders(info).services.load(self.row.service_id)
        return Service(name=row.name, price=row.price)

    @strawberry.field
    async def messages(self, info: Info, first: int, order_by: list[Ordering]) -> MessageConnection:
        """Its thread."""
        rows = await _loaders(info).messages.load((self.row.id, first))
        return MessageConnection(nodes=[Message.of(row) for row in rows[:first]])


@strawberry.type
class OrderConnection:
    """A page of orders."""

    nodes: list[Order]
    page_info: PageInfo


@strawberry.type
class Client:
    """A client."""

    id: strawberry.ID
    name: str
    email: str
    company: str | None
    status: str
    created_at: datetime
    row: strawberry.Private[ClientRow]

    @classmethod
    def of(cls, row: ClientRow) -> Self:
        """The client of a row."""
        return cls(
            id=_id("client", row.id),
            name=row.name,
            email=row.email,
            company=row.company,
            status=row.status,
            created_at=created_at(row.id),
            row=row,
        )

    @strawberry.field
    async def orders(self, info: Info, first: int, order_by: list[Ordering]) -> OrderConnection:
        """The client's orders."""
        rows = await _loaders(info).orders.load((self.row.id, first))
        shown_rows = [Order.of(row) for row in rows[:first]]
        return OrderConnection(nodes=shown_rows, page_info=PageInfo(has_next_page=len(rows) > first))


@strawberry.type
class ClientConnection:
    """A page of clients."""

    nodes: list[Client]


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def clients(self, info: Info, first: int, order_by: list[Ordering]) -> ClientConnection:
        """The organization's clients."""
        rows = await _loaders(info).all(select(ClientRow).order_by(clients.c.id.desc()).limit(first))
        return ClientConnection(nodes=[Client.of(row) for row in rows])

    @strawberry.field
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        """The order of an id."""
        rows = await _loaders(info).all(select(OrderRow).where(orders.c.id == decode("order", id)))
        return Order.of(rows[0]) if rows else None


def _id(prefix: str, key: UUID) -> strawberry.ID:
    return strawberry.ID(encode(prefix, key))
