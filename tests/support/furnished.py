"""Objects of every domain: made through the graph, the same ones in each organization."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from models.api_keys import API_KEY
from models.resources import RESOURCES
from models.typeid import decode, encode, prefix_of
from resolvers.api_keys.verification import key_id_of
from resolvers.database.runtime import Runtime
from schema.declaration.json_schema import root_type
from schema.graph import CORE
from schema.operations import OPERATIONS
from tests.support.api import Org, make_org
from tests.support.cases import Body, Case
from tests.support.domains import ALL, CASES, CREATED

# Ids, times and secrets differ between two organizations; everything else must not.
_MASKS = (
    (re.compile(r"\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b"), "<id>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"), "<time>"),
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), "<secret>"),
    (re.compile(r"sk_live_[0-9a-z]+"), "<key>"),
    (re.compile(r'(?<="last_four": ")\w{4}|(?<="lastFour": ")\w{4}'), "<four>"),
    (re.compile(r'(?<="last_used_at": )(null|"<datetime>")'), '"<used>"'),
)
# An organization, and the ids of its rows by name.
Furnished = tuple[Org, dict[str, str]]
_PREFIXES = {each.type_name: each.prefix for each in RESOURCES.values()}
_WRITTEN = {
    "audit_entries": "action, actor_kind, actor_name",
    "events": "type, resource_version, data",
    "deliveries": "event_type, status",
    "jobs": "function, state, concurrency_key",
    "invoice_payments": "amount, method, reference, paid_at",
}


def masked(value: Any) -> Any:
    """A JSON value, or a row, without what differs between two organizations."""
    text = json.dumps(value, sort_keys=True, default=lambda each: f"<{type(each).__name__}>")
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return json.loads(text)


def input_of(mutation: str) -> GraphQLInputObjectType:
    """The type of a mutation's input."""
    assert CORE.mutation_type is not None, "the graph has mutations"
    type_ = get_named_type(CORE.mutation_type.fields[mutation].args["input"].type)
    assert isinstance(type_, GraphQLInputObjectType), "a mutation takes one input object"
    return type_


def root_field(name: str) -> str:
    """The root field of a named operation."""
    return root_type(CORE, OPERATIONS[name])[1].name.value


def document(mutation: str, selection: str = "__typename") -> str:
    """The document of a mutation, whose input is a variable."""
    return f"mutation($input: {input_of(mutation).name}!) {{ {mutation}(input: $input) {{ {selection} }} }}"


def right(case: Case, mutation: str) -> Body:
    """What a mutation is given, without ids."""
    return case.create if mutation == case.creates else {**case.mutations, **case.given}.get(mutation, {})


def completed(case: Case, mutation: str, ids: Mapping[str, str], given: Body) -> dict[str, Any]:
    """What a mutation is given, with the objects that a new one refers to where it does not name them itself."""
    references = case.references if mutation == case.creates else case.creations.get(mutation, {})
    return {name: ids[other] for name, other in references.items()} | dict(given)


async def made(org: Org, case: Case, body: Body, *, deletable: bool = False) -> str:
    """The id of a new object; ``deletable``: of one that can be deleted."""
    data = await org.data(document(case.creates, f"{case.name} {{ id }}"), input=body)
    found: str = data[case.creates][case.name]["id"]
    if deletable and case.deletable:
        await org.rows(case.deletable, decode(prefix_of(found), found))
    return found


def _numbered(case: Case, at: int) -> str:
    return case.name if at == 1 else f"{case.name}{at}"


def _needed(case: Case) -> set[str]:
    """A case and those that it refers to."""
    return {case.name}.union(*(_needed(CASES[other]) for other in case.needs))


async def furnish(org: Org, only: Case | None = None) -> dict[str, str]:
    """Make every case's rows, or those of one case and what it refers to; one with ``inner`` ids needs them all.

    Their ids are by name: ``client`` is the first client's, ``client2`` the second's. ``apiKey0`` is the one in use.
    """
    names = _needed(only) if only is not None and not only.inner else ALL.keys()
    own = key_id_of(org.key)
    assert own is not None, "the organization has a key"
    ids = {"apiKey0": encode(API_KEY.prefix, own)}
    for case in CREATED.values():
        for at, row in enumerate(case.rows if case.name in names else (), 1):
            body = completed(case, case.creates, ids, row)
            key = ids[_numbered(case, at)] = await made(org, case, body, deletable=at == case.deleted + 1)
            if at in case.prepared:
                await org.rows(case.prepared[at], decode(prefix_of(key), key))
    for case in CASES.values():
        if case.found and case.name in names:
            for at, found in enumerate(await org.rows(case.found), 1):
                ids[_numbered(case, at)] = encode(_PREFIXES[case.type], found["id"])
    return ids


@pytest.fixture(scope="module")
async def furnished(api: str, api_runtime: Runtime) -> AsyncIterator[Furnished]:
    """An organization with every case's rows, and their ids, for a module's tests that change none of them."""
    org = await make_org(api_runtime, api)
    yield org, await furnish(org)
    await org.close()


async def written(org: Org) -> dict[str, list[dict[str, Any]]]:
    """What an organization's tables hold, as far as it must equal another's."""
    rows: dict[str, list[dict[str, Any]]] = {}
    keys = {case.table: case.key for case in ALL.values()}
    async with org.runtime.bound(org.id) as connection:
        for table, columns in ({case.table: "*" for case in ALL.values()} | _WRITTEN).items():
            text = f"select {columns} from {table} order by {keys.get(table, 'id')}"
            rows[table] = [dict(row) for row in await connection.fetch(text)]
    found: dict[str, list[dict[str, Any]]] = masked(rows)
    for table in ("deliveries", "jobs"):
        found[table].sort(key=json.dumps)
    return found


async def target(org: Org, case: Case, mutation: str, ids: Mapping[str, str]) -> str:
    """The id of what a mutation is made to; empty for what has none."""
    if case.single:
        return ""
    if mutation not in case.inner:
        other = case.deleted + 1 if mutation.startswith("delete") else 1
        return ids[_numbered(case, case.targets.get(mutation, other))]
    value = await org.data(case.inner[mutation], id=ids[case.name])
    while not isinstance(value, str):
        (value,) = value.values() if isinstance(value, dict) else value
    return value


async def input_for(org: Org, case: Case, mutation: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """A right input of a mutation, with the id of what it changes."""
    found = completed(case, mutation, ids, right(case, mutation))
    single = case.single or mutation not in case.mutations
    return found if single else found | {"id": await target(org, case, mutation, ids)}
