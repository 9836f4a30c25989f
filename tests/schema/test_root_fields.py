"""Root fields stand for themselves: one that fails is null with its error at its path; those beside it are answered."""

from typing import Any

import psycopg
import pytest
from graphql import is_non_null_type

from execution import collect_fields, parse_operation
from models.typeid import new_uuid
from resolvers import organizations
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from schema.graph import CORE
from schema.requests.engine import Engine
from schema.requests.render import RENDERERS
from schema.requests.results import OperationResult
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.refusals import error, problem, unchanged
from tests.support.refused_documents import FRAGMENTS
from tests.support.servers import Backends


def clients(*given: tuple[str, str]) -> str:
    """A mutation that creates some clients, each under the alias of its name."""
    fields = [f'{name}: createClient(input: {{name: "{name}", email: "{email}"}}) {{ client {{ name }} }}'
              for name, email in given]  # fmt: skip
    return "mutation { " + " ".join(fields) + " }"


def made(*names: str) -> dict[str, Any]:
    """The data of such a mutation, as far as it succeeded."""
    return {name: {"client": {"name": name}} for name in names}


def errors_in(answer: OperationResult) -> list[tuple[str, list[Any]]]:
    """The code and the path of each error."""
    return [(each["extensions"]["code"], each["path"]) for each in answer.errors]


def test_every_root_field_is_nullable() -> None:
    for root in (CORE.query_type, CORE.mutation_type):
        assert root is not None
        assert [name for name, field in root.fields.items() if is_non_null_type(field.type)] == []


async def test_what_was_committed_is_in_the_answer_and_what_follows_a_failure_runs(acme: Org) -> None:
    await new_client(acme, email="taken@example.com")
    text = clients(("a", "a@x.eu"), ("b", "b@x.eu"), ("c", "c@x.eu"), ("d", "taken@example.com"), ("e", "e@x.eu"))
    for headers in ({}, {"Accept": "application/graphql-response+json"}):
        answer = await acme.graphql(text.replace("@x.eu", f"@{new_uuid().hex}.eu"), headers)
        assert answer.status_code == 200
        body = answer.json()
        assert list(body["data"]) == ["a", "b", "c", "d", "e"]
        assert body["data"] == made("a", "b", "c", "e") | {"d": None}
        assert [each["path"] for each in body["errors"]] == [["d"]]
        assert error(answer, 200, "CONFLICT", "input.email")["reason"] == "EMAIL_TAKEN"
    assert await acme.count("clients") == 1 + 2 * 4
    # Each that succeeded, and no other, left its traces.
    audited = await acme.rows("select action from audit_entries where action = 'client:create'")
    assert await acme.count("events") == len(audited) == 1 + 2 * 4


async def test_several_errors_of_one_field_are_all_told(acme: Org) -> None:
    text = f"""mutation($input: UpdateClientInput!) {{ a: updateClient(input: $input) {{ client {{ id }} }}
      {clients(("b", "b@example.com"))[11:]}"""
    answer = await acme.graphql(text, input={"id": "client_x", "name": "", "email": "x"})
    assert answer.json()["data"] == {"a": None, **made("b")}
    assert [each["path"] for each in answer.json()["errors"]] == [["a"], ["a"]]
    error(answer, 200, "BAD_INPUT", "input.name", "input.email")


async def test_a_failure_below_a_change_undoes_all_of_the_change_and_nothing_else(acme: Org) -> None:
    text = """mutation {
      a: createClient(input: {name: "a", email: "a@example.com"}) { client { orders(first: 101) { totalCount } } }
      b: createClient(input: {name: "b", email: "b@example.com"}) { client { name } } }"""
    answer = await acme.graphql(text)
    assert answer.json()["data"] == {"a": None, **made("b")}
    assert [each["path"] for each in answer.json()["errors"]] == [["a", "client", "orders"]]
    assert [row["name"] for row in await acme.rows("select name from clients")] == ["b"]


async def test_a_stale_cursor_leaves_its_siblings_answered(acme: Org) -> None:
    client = await new_client(acme)
    text = """query($id: ID!) { a: clients(after: "stale") { totalCount } client(id: $id) { name } health { status }
      b: orders(first: 101) { nodes { id } } services { totalCount } viewer { key { name } } }"""
    answer = await acme.graphql(text, id=client["publicId"])
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "a": None, "client": {"name": "Ada Lovelace"}, "health": {"status": "ok"}, "b": None,
        "services": {"totalCount": 0}, "viewer": {"key": {"name": "test"}},
    }  # fmt: skip
    codes = [(each["extensions"]["code"], each["path"]) for each in answer.json()["errors"]]
    assert codes == [("INVALID_CURSOR", ["a"]), ("BAD_INPUT", ["b"])]


async def test_a_repeated_key_gives_what_was_made_and_makes_what_was_not(acme: Org) -> None:
    taken = await new_client(acme, email="b@example.com")
    text = clients(("a", "a@example.com"), ("b", "b@example.com"), ("c", "c@example.com"))
    keyed = {"Idempotency-Key": "several"}
    first = await acme.graphql(text, keyed)
    assert first.json()["data"] == made("a", "c") | {"b": None}
    assert "idempotent-replayed" not in first.headers
    again = await acme.graphql(text, keyed)
    assert (again.json()["data"], again.headers["idempotent-replayed"]) == (first.json()["data"], "true")
    assert await acme.count("clients") == 3
    await acme.http.put(f"/api/v1/clients/{taken['publicId']}", json={"email": "other@example.com"})
    for _ in range(2):
        last = await acme.graphql(text, keyed)
        assert last.json()["data"] == made("a", "b", "c")
        assert "errors" not in last.json()
    assert (await acme.count("clients"), await acme.count("idempotency_records")) == (4, 3)


async def test_a_key_that_was_used_otherwise_refuses_each_field_and_the_request(acme: Org) -> None:
    keyed = {"Idempotency-Key": "other"}
    await acme.graphql(clients(("a", "a@example.com"), ("b", "b@example.com")), keyed)
    async with unchanged(acme):
        answer = await acme.graphql(clients(("a", "c@example.com"), ("b", "d@example.com")), keyed)
        error(answer, 422, "IDEMPOTENCY_KEY_REUSED")
        assert answer.json()["data"] == {"a": None, "b": None}
    # Where something is answered, the answer is no error.
    answer = await acme.graphql(clients(("a", "c@example.com"), ("b", "b@example.com"), ("c", "e@example.com")), keyed)
    assert answer.status_code == 200
    # The second is the same change as before, whatever stands beside it.
    assert answer.json()["data"] == {"a": None, **made("b", "c")}


async def test_the_status_over_rest_is_the_refusals(acme: Org) -> None:
    await new_client(acme, email="taken@example.com")
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/clients", json={"name": "x", "email": "taken@example.com"})
        problem(answer, 409, "CONFLICT", "body.email")
        problem(await acme.http.get("/api/v1/clients?cursor=stale"), 400, "INVALID_CURSOR", "query.cursor")
        answer = await acme.http.put("/api/v1/clients/client_x", json={"name": "x"})
        problem(answer, 404, "NOT_FOUND", "path.publicId")


@pytest.fixture
async def poisoned(own_backends: Backends, single: Runtime) -> Context:
    """An organization whose database refuses, at the commit, a client whose name is "poison"."""
    with psycopg.connect(own_backends.migration_database_url, autocommit=True) as owner:
        owner.execute("""create function poison() returns trigger language plpgsql as $$ begin
          if new.name = 'poison' then raise division_by_zero; end if;
          if new.name = 'away' then perform pg_terminate_backend(pg_backend_pid()); end if;
          return null; end $$""")
        owner.execute("""create constraint trigger poison after insert on clients
          deferrable initially deferred for each row execute function poison()""")
    single.renderers = RENDERERS
    ctx = organizations.command_line(single, new_uuid())
    async with ctx.transaction():
        await organizations.create(ctx, "Test", "test")
    return ctx


async def run(ctx: Context, text: str) -> OperationResult:
    """The engine's answer to a mutation."""
    engine = Engine()
    prepared = engine.measure(text, None, {})
    engine.validate(prepared, None)
    return await engine.run(organizations.command_line(ctx.runtime, ctx.org_id), prepared)


async def names(ctx: Context) -> list[str]:
    """The names of the clients that there are."""
    async with ctx.runtime.bound(ctx.org_id) as connection:
        return [row["name"] for row in await connection.fetch("select name from clients order by name")]


async def test_an_error_of_ours_takes_nothing_from_what_is_committed(poisoned: Context) -> None:
    answer = await run(poisoned, clients(("a", "a@x.eu"), ("poison", "b@x.eu"), ("c", "c@x.eu")))
    assert answer.data == made("a", "c") | {"poison": None}
    assert errors_in(answer) == [("INTERNAL", ["poison"])]
    assert "zero" not in str(answer.errors)
    assert await names(poisoned) == ["a", "c"]


async def test_a_commit_of_unknown_outcome_takes_nothing_from_what_is_committed(poisoned: Context) -> None:
    answer = await run(poisoned, clients(("a", "a@x.eu"), ("away", "b@x.eu"), ("c", "c@x.eu")))
    assert answer.data == made("a", "c") | {"away": None}
    assert errors_in(answer) == [("OUTCOME_UNKNOWN", ["away"])]
    assert await names(poisoned) == ["a", "c"]


async def test_what_was_rolled_back_wakes_no_worker(poisoned: Context) -> None:
    woken: list[int] = []
    poisoned.runtime.wake = lambda _, jobs: woken.append(len(jobs))
    hook = 'createWebhook(input: {url: "https://93.184.216.34/", events: ["*"]}) { secret }'
    assert (await run(poisoned, f"mutation {{ {hook} }}")).errors == []
    await run(poisoned, clients(("a", "a@x.eu")))
    await run(poisoned, clients(("poison", "b@x.eu"), ("c", "c@x.eu")))
    # For the last client as many as for the first one.
    assert woken == [1, 1]


async def test_a_condition_that_is_null_is_refused_before_anything_runs(acme: Org) -> None:
    text = """mutation($x: Boolean = true) {
      a: createClient(input: {name: "a", email: "a@example.com"}) { client { name } }
      b: deleteClient(input: {id: "client_x"}) { client { id @include(if: $x) } } }"""
    async with unchanged(acme):
        answer = await acme.graphql(text, x=None)
        error(answer, 200, "BAD_INPUT", "x")
        assert "data" not in answer.json()
    assert (await acme.graphql(text, x=True)).json()["data"] == made("a") | {"b": None}


def test_root_fields_behind_many_spreads_are_looked_up_once() -> None:
    operation = parse_operation("{ ...f0 } " + FRAGMENTS + " fragment f60 on Query { a: health { status } }", None)
    assert CORE.query_type is not None
    found = list(collect_fields(operation.definition.selection_set, CORE.query_type, operation.fragments))
    assert [node.alias and node.alias.value for node in found] == ["a"]


async def test_a_change_whose_answer_is_too_large_takes_nothing_from_those_after_it(acme: Org) -> None:
    client, facts = await new_client(acme), {"f": "x" * 16_000}
    service = await new_service(acme)
    for _ in range(70):
        await new_order(acme, client["publicId"], service["publicId"], formData=facts)
    large = " ".join(f"o{number}: orders(first: 70) {{ nodes {{ formData }} }}" for number in range(9))
    rename = 'updateClient(input: {id: "%s", company: "%s"}) { client { company %s } }'
    named = f"a: {rename % (client['publicId'], 'a', '')} b: {rename % (client['publicId'], 'b', large)}"
    answer = await acme.graphql(f"mutation {{ {named} c: {rename % (client['publicId'], 'c', '')} }}")
    error(answer, 200, "TOO_COMPLEX")
    assert answer.json()["data"] == {"a": {"client": {"company": "a"}}, "b": None, "c": {"client": {"company": "c"}}}
    assert {each["path"][0] for each in answer.json()["errors"]} == {"b"}
