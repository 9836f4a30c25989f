"""What holds for the dry run of every change, through both APIs: it answers as the change does, and nothing is kept."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis

from models.actors import ActorKind, Source
from models.typeid import decode, prefix_of
from models.webhooks import event_names
from resolvers.actor import Actor
from resolvers.changes.numbers import reserve_number
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from rest_shim.route import Shows
from schema.graph import CORE
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from server.settings import Settings
from tests.support.api import Org
from tests.support.cases import Case
from tests.support.domains import ALL
from tests.support.furnished import Furnished, document, input_for, masked, root_field
from tests.support.openapi import openapi, validator
from tests.support.routes import BY_NAME, CHANGES, as_body, as_shown, case_of, given_to, root_of, subject_of
from tests.support.stored import stored

ENGINE = Engine()
assert CORE.mutation_type is not None, "the graph has mutations"
MUTATIONS = sorted(CORE.mutation_type.fields)
NAMED = {root_field(name): name for name, each in OPERATIONS.items() if each.operation_type == "mutation"}
TYPED = {"Accept": "application/graphql-response+json"}
DRY = {"Dry-Run": "true"}
ADA = {"name": "Ada", "email": "ada@example.com"}
# What a change is not when it is tried: secrets are null, and numbers are the next that no process has reserved.
_PROVISIONAL = {"accessToken", "number", "rawKey", "secret"}
_BUDGETS = (b"counterfoil:bucket:", b"counterfoil:form:")
# Longer than wake-ups are gathered for.
SETTLED_S = 0.3
# What the furnished objects are already: resumed, read, and a delivery that waits to be sent.
_UNMOVED = {"resumeSubscription", "markMessagesRead", "redeliver"}


class _UndoneError(Exception):
    """Rolls a transaction back."""


State = dict[str, Any]


async def _state(org: Org, settings: Settings) -> State:
    """What the database and Redis hold, without the budgets of callers, who pay for what they try."""
    async with Redis.from_url(settings.redis_url) as redis:
        names = sorted([name async for name in redis.scan_iter() if not name.startswith(_BUDGETS)])
        kept = {f"the key {name.decode()}": await redis.dump(name) for name in names}
    counted = await org.rows("select sequencename, last_value from pg_sequences order by 1")
    tables = {f"the table {name}": rest for name, *rest in await stored(org)}
    return tables | {f"the sequence {name}": value for name, value in counted} | kept


def _changed(before: State, after: State) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


@pytest.fixture(scope="module")
async def untouched(furnished: Furnished, api_runtime: Runtime, api_settings: Settings) -> State:
    """What was stored before any change was tried, once numbers are reserved for those that are made and undone."""
    org, _ = furnished
    # Those of invoices have a year, and no gaps.
    series = "select name from counters where org_id = $1 and position(':' in name) = 0"
    for row in await org.rows(series, org.id):
        await reserve_number(api_runtime, org.id, row["name"])
    # Workers are woken a moment after the commits of what was furnished.
    before = await _state(org, api_settings)
    await asyncio.sleep(SETTLED_S)
    while (after := await _state(org, api_settings)) != before:
        before = after
        await asyncio.sleep(SETTLED_S)
    return after


async def _given(furnished: Furnished, mutation: str) -> tuple[Case, dict[str, Any]]:
    org, ids = furnished
    case = next(case for case in ALL.values() if mutation in case.changes)
    given = await input_for(org, case, mutation, ids)
    return case, given | ({key: value() for key, value in case.unique.items()} if mutation == case.creates else {})


async def _done(furnished: Furnished, runtime: Runtime, text: str, given: dict[str, Any]) -> dict[str, Any]:
    """The data of a change that is made, before it is rolled back."""
    org, ids = furnished
    name = ids["apiKey0"]
    key = decode(prefix_of(name), name)
    (row,) = await org.rows("select digest from api_keys where id = $1", key)
    actor = Actor(ActorKind.KEY, name, "test", frozenset({"*"}), org.id, key, row["digest"])
    ctx = Context(runtime, actor, "one", Source.GRAPHQL)
    with suppress(_UndoneError):
        async with ctx.transaction():
            result = await ENGINE.run(ctx, ENGINE.measure(text, None, {"input": given}))
            assert (result.errors, result.dry_run) == ([], None)
            raise _UndoneError
    assert result.data is not None
    return result.data


def _told(dry: dict[str, Any]) -> list[Any]:
    """The events of a dry run, and whose fields change."""
    return [dry["events"], [(masked(each["target"]), each["field"]) for each in dry["changes"]]]


def _settled(value: Any) -> Any:
    """An answer without what is provisional."""
    if isinstance(value, dict):
        return {name: None if name in _PROVISIONAL else _settled(part) for name, part in value.items()}
    return [_settled(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_mutation_that_is_tried_is_answered_and_keeps_nothing(
    furnished: Furnished, untouched: State, api_runtime: Runtime, api_settings: Settings, mutation: str
) -> None:
    org, _ = furnished
    case, given = await _given(furnished, mutation)
    text = OPERATIONS[NAMED[mutation]].text if mutation in NAMED else document(mutation)
    answer = await org.graphql(text, DRY | {"Idempotency-Key": mutation}, input=given)
    body = answer.json()
    assert "errors" not in body, answer.text
    assert (answer.headers["dry-run"], "idempotent-replayed" in answer.headers) == ("true", False)
    assert _changed(untouched, await _state(org, api_settings)) == []
    dry = body["extensions"]["dryRun"]
    assert dry.pop("rootFields") == [{"path": [mutation], **dry}]
    assert dry.keys() == {"events", "changes"}
    assert (dry["changes"] == []) == (mutation in _UNMOVED or mutation == case.public)
    assert set(dry["events"]) <= set(event_names())
    real = await _done(furnished, api_runtime, text, given)
    assert _settled(masked(body["data"])) == _settled(masked(real))


async def test_the_key_that_makes_an_object_is_not_shown(furnished: Furnished) -> None:
    """A token's is that of the server that hands it to a browser."""
    org, _ = furnished
    _, given = await _given(furnished, "createWebhook")
    answer = await org.graphql(document("createWebhook"), DRY, input=given)
    fields = {change["field"] for change in answer.json()["extensions"]["dryRun"]["changes"]}
    assert "url" in fields
    assert "createdByKey" not in fields


async def test_no_constraint_waits_for_a_commit_that_a_dry_run_lacks(furnished: Furnished) -> None:
    assert await furnished[0].rows("select conname from pg_constraint where condeferrable") == []


@pytest.mark.parametrize("name", CHANGES)
async def test_a_route_that_is_tried_is_answered_and_keeps_nothing(
    furnished: Furnished, untouched: State, api_settings: Settings, name: str
) -> None:
    (org, ids), route = furnished, BY_NAME[name]
    case, root = case_of(route), root_of(route)
    subject = await subject_of(org, route, ids)
    given = given_to(route, ids) | ({key: value() for key, value in case.unique.items()} if route.makes else {})
    path = route.path.replace("{publicId}", subject)
    header = route.method in ("PUT", "DELETE")
    sent = None if route.shows is Shows.NOTHING else as_body(route, given)
    answer = await org.http.request(
        route.method, path if header else f"{path}?dryRun=true", json=sent, headers=DRY if header else None
    )
    assert answer.status_code == (200 if route.shows is Shows.NOTHING else route.status), answer.text
    assert _changed(untouched, await _state(org, api_settings)) == []
    assert answer.headers["dry-run"] == "true"
    assert not {"etag", "location", "idempotent-replayed"} & {*answer.headers}
    said = openapi()["paths"][route.path][route.method.lower()]["responses"][str(answer.status_code)]
    unsaid = {each for each in said["headers"] if each not in answer.headers}
    assert unsaid <= {"ETag", "Location", "Idempotent-Replayed"}
    validator(said["content"]["application/json"]["schema"]).validate(answer.json())
    values = given if route.makes or not subject else given | {"id": subject}
    over = (await org.graphql(OPERATIONS[route.operation].text, DRY, input=values)).json()
    assert _told(answer.json()["dryRun"]) == _told(over["extensions"]["dryRun"])
    if route.shows is not Shows.NOTHING:
        payload = over["data"][root]
        shown = as_shown(route, payload[case.name]) | {each: payload[each] for each in route.payload_fields}
        assert masked(answer.json()["data"]) == masked(shown)
