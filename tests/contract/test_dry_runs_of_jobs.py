"""What holds for the dry run of every change that a job makes: it says what would change, and nothing does."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from models.actors import ActorKind, Source
from models.typeid import encode, new_uuid
from resolvers.actor import Actor
from resolvers.changes.recorded_changes import RecordedChanges
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from schema.requests.results import OperationResult
from schema.requests.tools import TOOLS
from tests.support.api import Org, new_client, new_order
from tests.support.domains import ALL
from tests.support.furnished import Furnished, completed, right, root_field, target
from tests.support.stored import stored
from workers.agent_jobs.approvals import hash_of, is_approved

ENGINE = Engine()
# A job has no API key of its own, which alone hands out tokens: tests/contract/test_dry_runs.py tries that with one.
NO_JOBS = {"CreateAccessToken"}
MUTATIONS = sorted({name for name, each in OPERATIONS.items() if each.operation_type == "mutation"} - NO_JOBS)
# What the furnished objects are already.
UNMOVED = {"ResumeSubscription", "Redeliver"}
# A job reads as nobody.
NOT_OF_JOBS = {"MarkMessagesRead"}


async def _dry_run(org: Org, runtime: Runtime, name: str, given: dict[str, Any], **options: Any) -> OperationResult:
    actor = Actor(ActorKind.JOB, "job_1", "Helper", frozenset({"*"}), org.id, **options)
    ctx = Context(runtime, actor, "one", Source.WORKER, idempotency_key="one", dry_run=True)
    return await ENGINE.run(ctx, ENGINE.prepared(OPERATIONS[name], {"input": given}))


class _UndoneError(Exception):
    """Rolls a transaction back."""


async def _done(org: Org, runtime: Runtime, name: str, given: dict[str, Any]) -> RecordedChanges:
    """What an operation changes that is run as a tool is, in the transaction of its step; then it is rolled back."""
    actor = Actor(ActorKind.JOB, "job_1", "Helper", frozenset({"*"}), org.id)
    ctx = Context(runtime, actor, "two", Source.WORKER)
    made = RecordedChanges()
    with suppress(_UndoneError):
        async with ctx.transaction():
            ctx.recorded = made
            result = await ENGINE.run(ctx, ENGINE.prepared(OPERATIONS[name], {"input": given}))
            assert result.errors == []
            raise _UndoneError
    return made


@pytest.fixture
def woken(api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The jobs that workers are woken for."""
    found: list[UUID] = []
    monkeypatch.setattr(api_runtime, "wake", lambda _org, jobs: found.extend(jobs))
    return found


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in NOT_OF_JOBS])
async def test_a_dry_run_of_it_says_what_changes_and_changes_nothing(
    api_runtime: Runtime, furnished: Furnished, woken: list[UUID], name: str
) -> None:
    org, ids = furnished
    root = root_field(name)
    case = next(case for case in ALL.values() if root in case.changes)
    given = completed(case, root, ids, right(case, root))
    if root in case.mutations and not case.single:
        given["id"] = await target(org, case, root, ids)
    elif root == case.creates:
        given |= {key: value() for key, value in case.unique.items()}
    numbers = {key: list(left) for key, left in api_runtime.numbers.items()}
    before = await stored(org)
    result = await _dry_run(org, api_runtime, name, given)
    assert (result.errors, await stored(org), woken) == ([], before, [])
    assert {key: list(left) for key, left in api_runtime.numbers.items()} == numbers
    (recorded,) = result.recorded.values()
    assert (recorded.changes == []) == (name in UNMOVED)
    assert all(change.keys() == {"target", "field", "before", "after"} for change in recorded.changes)
    assert all(change["before"] != change["after"] for change in recorded.changes)
    assert len({(change["target"], change["field"]) for change in recorded.changes}) == len(recorded.changes)
    if name in TOOLS:
        # One approval does: what it would change is the same each time, and what is changed then is that.
        approved = hash_of(name, given, recorded)
        again = await _dry_run(org, api_runtime, name, given)
        assert [hash_of(name, given, each) for each in again.recorded.values()] == [approved]
        made = await _done(org, api_runtime, name, given)
        assert is_approved(approved, name, given, made, {})


async def test_it_shows_before_and_after_events_and_versions(
    acme: Org, api_runtime: Runtime, woken: list[UUID]
) -> None:
    client = (await new_client(acme))["publicId"]
    result = await _dry_run(acme, api_runtime, "UpdateClient", {"id": client, "company": "Acme"})
    recorded = result.recorded["updateClient"]
    assert recorded.changes == [{"target": client, "field": "company", "before": None, "after": "Acme"}]
    assert (recorded.events, recorded.versions, recorded.made) == (["client.updated"], {client: 1}, [])
    assert result.data is not None
    assert result.data["updateClient"]["client"]["version"] == 2
    assert (await acme.data("query($id: ID!) { client(id: $id) { version } }", id=client))["client"]["version"] == 1


async def test_a_number_is_provisional_and_no_block_is_reserved(acme: Org, api_runtime: Runtime) -> None:
    order = await new_order(acme)
    given = {"clientId": order["clientId"], "serviceId": order["serviceId"]}
    found = [await _dry_run(acme, api_runtime, "CreateOrder", given) for _ in range(2)]
    numbers = {each.data["createOrder"]["order"]["number"] for each in found if each.data is not None}
    assert numbers == {(await acme.rows("select next from counters where name = 'order'"))[0]["next"]}
    assert [each.recorded["createOrder"].events for each in found] == [["order.created"]] * 2
    assert (await new_order(acme, **given))["number"] == order["number"] + 1


async def test_a_secret_is_null(acme: Org, api_runtime: Runtime) -> None:
    given = dict(ALL["webhook"].create)
    result = await _dry_run(acme, api_runtime, "CreateWebhook", given)
    assert (result.errors, result.data and result.data["createWebhook"]["secret"]) == ([], None)


async def test_a_refusal_is_told_and_nothing_is_recorded(acme: Org, api_runtime: Runtime) -> None:
    before = await stored(acme)
    missing = encode("client", new_uuid())
    result = await _dry_run(acme, api_runtime, "UpdateClient", {"id": missing, "company": "Acme"})
    assert [each["extensions"]["code"] for each in result.errors] == ["NOT_FOUND"]
    assert (result.data, result.recorded, await stored(acme)) == ({"updateClient": None}, {}, before)


async def test_an_idempotency_key_is_ignored(acme: Org, api_runtime: Runtime) -> None:
    before, given = await stored(acme), {"name": "Ada", "email": "ada@example.com"}
    for _ in range(2):
        result = await _dry_run(acme, api_runtime, "CreateClient", given, key_id=new_uuid())
        assert (result.errors, len(result.recorded)) == ([], 1)
    assert await stored(acme) == before
