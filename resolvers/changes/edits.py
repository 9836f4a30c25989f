"""Changes of one object: insert it, or begin an edit of it, set values, move its status, save or delete it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic_core import PydanticUndefined
from sqlmodel import SQLModel

from models.machines import Machine, S
from models.parts import parts_of
from models.resources import USUAL
from models.texts import caseless
from models.typeid import encode, new_uuid
from resolvers.audit.entries import NewAuditEntry, new_entry
from resolvers.changes.parts import add_parts, change_parts
from resolvers.changes.transitions import TransitionRequest, transition_of
from resolvers.changes.write import Restrict, apply
from resolvers.collections.collection import Collection
from resolvers.collections.rows import Key, has_any, locked
from resolvers.context import Context, Row, now

# The values of an input by their Python names. An absent one is missing, and null is None.
InputValues = Mapping[str, Any]


@cache
def _defaults(model: type[SQLModel]) -> dict[str, Any]:
    """Return the default values of a new row's columns, without columns that have none."""
    found: dict[str, Any] = {}
    for name, declared in model.model_fields.items():
        column = model.metadata.tables[str(model.__tablename__)].c[name.rstrip("_")]
        if declared.default is not PydanticUndefined:
            found[column.name] = declared.default
        elif column.nullable:
            found[column.name] = None
    return found


def new_row(model: type[SQLModel], values: InputValues) -> dict[str, Any]:
    """Return a new row of a model with the values of an input, and the model's defaults for the rest."""
    row = _defaults(model) | {"id": new_uuid(), "version": 1, "updated_at": now()}
    if "metadata_" in model.model_fields:
        row["metadata"] = {}
    if "tags" in model.model_fields:
        row["tags"] = []
    return {**row, **values} | _keys(model.metadata.tables[str(model.__tablename__)], values)


def _keys(table: Any, values: InputValues) -> dict[str, Any]:
    """Return the key columns of the values: the same texts in the form that is compared without case."""
    return {name: caseless(values[of]) for name, of in _key_columns(table) if of in values}


@cache
def _key_columns(table: Any) -> list[tuple[str, str]]:
    return [(column.name, column.info["caseless"]) for column in table.c if "caseless" in column.info]


async def insert(ctx: Context, collection: Collection, row: dict[str, Any], event: str | None = USUAL) -> Row:
    """Insert a whole row (all but ``org_id``) with its parts, its audit entry and its event: ``created``, where that is
    declared and no other is given. Raises KeyError for an event that is not declared."""
    resource = collection.resource
    verb = resource.verb(event, "created")
    events = [] if verb is None else [resource.event(verb)]
    columns = [name for name in row if name in collection.columns]
    entry = new_entry(resource.action("create"), {}, row, collection.table)
    await apply(ctx, collection, "insert", row, columns, [entry], events)
    for part in parts_of(collection.table).values():
        await add_parts(ctx, part, row["id"], row[part.column.name])
    return row


@dataclass(slots=True)
class Edit:
    """A change of one locked row. ``old`` is the row as it was, ``row`` as it will be."""

    ctx: Context
    collection: Collection
    old: Row
    row: dict[str, Any]
    actions: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    touched: bool = False

    def changes(self, values: InputValues) -> dict[str, Any]:
        """Return those of some values that differ from the row's."""
        return {name: value for name, value in values.items() if value != self.row[name]}

    def set(self, values: InputValues, action: str = "update", event: str | None = USUAL) -> None:
        """Set values. Where one differs this is an action in the audit log, and an event: ``updated``, where that is
        declared and no other is given. Raises KeyError for an action or an event that is not declared."""
        resource = self.collection.resource
        resource.action(action)
        verb = resource.verb(event, "updated")
        changed = self.changes({**values, **_keys(self.collection.table, values)})
        if changed:
            self.actions.append((action, {name: self.row[name] for name in changed}, changed))
            self.row |= changed
            if verb is not None and verb not in self.events:
                self.events.append(verb)

    def touch(self, event: str | None = None) -> None:
        """Give the row a new version, though only something that belongs to it changed, and perhaps add an event."""
        self.touched = True
        if event is not None and event not in self.events:
            self.events.append(event)

    async def transition(
        self,
        machine: Machine[S],
        request: TransitionRequest | None,
        event: str | None = USUAL,
        *,
        moment: datetime | None = None,
        columns: Mapping[str, Any] = MappingProxyType({}),
        referred: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Make a transition of the status, if it is not the present one, now or at a time, and set other ``columns``.

        ``referred`` is what guards read of the rows that this one refers to. A column that was changed by an update
        stays as it is, though the transition would set it. The usual event is ``status_changed``, where that is
        declared. Raises Refusal INVALID_TRANSITION, or BAD_INPUT for a missing reason.
        """
        if request is not None and request.status != self.row["status"]:
            moment = moment or now()
            verb = self.collection.resource.verb(event, "status_changed")
            label, row = self.collection.resource.label, {**self.row, **referred}
            made = await transition_of(self.ctx, label, machine, row, request, moment)
            effects = machine.effects(self.row, made, moment, request.reason)
            chosen = {name for verb, _, changed in self.actions if verb == "update" for name in changed}
            effects = {name: value for name, value in effects.items() if name not in chosen}
            self.set({"status": made.target, **effects, **columns}, "transition", verb)

    async def save(self, moment: datetime | None = None) -> Row:
        """Write the columns and parts that differ, with an audit entry for each action; without a difference write
        nothing, unless the row was touched. ``moment`` is the time of the change where another column has it too."""
        if not self.actions and not self.touched:
            return self.old
        row, old = self.row, self.old
        row |= {"version": old["version"] + 1, "updated_at": moment or now()}
        changed = [name for name in row if name != "org_id" and row[name] != old[name]]
        columns = [name for name in changed if name in self.collection.columns]
        await apply(self.ctx, self.collection, "update", row, columns, self._entries(), self._events(self.events))
        for name, part in parts_of(self.collection.table).items():
            if name in changed:
                await change_parts(self.ctx, part, row["id"], old[name], row[name])
        return row

    async def delete(self, *restricts: Restrict) -> None:
        """Delete the row, with its audit entry and, where it is declared, its event. Raises Refusal CONFLICT for the
        first of what keeps it."""
        for each in restricts:
            if await has_any(self.ctx, each.rows, each.column, self.old):
                raise each.refusal()
        resource = self.collection.resource
        events = self._events(["deleted"] if "deleted" in resource.events else [])
        entry = new_entry(resource.action("delete"), dict(self.old), {}, self.collection.table)
        await apply(self.ctx, self.collection, "delete", self.old, (), [entry], events, restricts)

    def _events(self, verbs: Iterable[str]) -> list[str]:
        return [self.collection.resource.event(verb) for verb in verbs]

    def _entries(self) -> list[NewAuditEntry]:
        resource, table = self.collection.resource, self.collection.table
        return [new_entry(resource.action(verb), old, new, table) for verb, old, new in self.actions]


async def begin_edit(ctx: Context, collection: Collection, key: Key, *, deletes: bool = False) -> Edit:
    """Lock an object to change it, or, where it ``deletes``, perhaps to delete it. Raises Refusal NOT_FOUND, or
    VERSION_MISMATCH with the current version."""
    old = await locked(ctx, collection, key, deletes=deletes)
    return Edit(ctx, collection, old, dict(old))


async def begin_edit_of(ctx: Context, collection: Collection, object_id: UUID) -> Edit:
    """Lock the object that a job is for, to change it. Raises Refusal NOT_FOUND."""
    return await begin_edit(ctx, collection, Key(encode(collection.resource.prefix, object_id)))
