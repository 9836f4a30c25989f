"""`keys list` and `keys revoke`: exact output, exact exit codes, and that a refusal changes nothing."""

import json
from uuid import UUID

import psycopg
import pytest

from models.typeid import decode, encode, new_uuid
from tests.support.commands import environment, rows, run
from tests.support.domains.api_keys import SHAPE
from tests.support.servers import Backends

__all__ = ["environment"]

pytestmark = pytest.mark.usefixtures("logging_restored")
STATE = "select id, revoked_at, version from api_keys order by id"


@pytest.fixture
def keys(environment: Backends, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The ids of two keys of the organization `one`, oldest first."""
    run(capsys, "org", "create", "--name", "One", "--slug", "one")
    for name, scopes in (("server", "*"), ("shop", "orders:write,clients:read")):
        assert run(capsys, "keys", "create", "--org", "one", "--name", name, "--scopes", scopes)[0] == 0
    found = [UUID(str(row[0])) for row in rows(environment, STATE)]
    return [encode("apikey", key) for key in found]


def change(backends: Backends, statement: str, **values: object) -> None:
    """Change rows of the organization as the application does."""
    with psycopg.connect(backends.database_url) as connection:
        found = connection.execute(
            "select org_id from directory where resource = 'organization' and key = 'one'"
        ).fetchone()
        assert found is not None
        connection.execute("select set_config('app.org_id', %s, true)", [str(found[0])])
        connection.execute(statement.encode(), values | {"org": found[0]})


def test_the_keys_are_a_table(environment: Backends, keys: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    change(environment, "update api_keys set expires_at = '2025-01-02T03:04:05Z' where name = 'shop'")
    ends = [row[0] for row in rows(environment, "select last_four from api_keys order by id")]
    code, out, err = run(capsys, "keys", "list", "--org", "one")
    assert (code, err) == (0, "")
    head, shop, server = out.splitlines()
    assert head.split() == ["ID", "NAME", "ENDS", "IN", "STATUS", "EXPIRES", "LAST", "USED", "CREATED", "BY", "SCOPES"]
    assert " ".join(shop.split()) == (
        f"{keys[1]} shop {ends[1]} EXPIRED 2025-01-02 03:04Z never command line clients:read,orders:write"
    )
    assert " ".join(server.split()) == f"{keys[0]} server {ends[0]} ACTIVE never never command line *"
    columns = [line.index(word) for line, word in ((head, "STATUS"), (shop, "EXPIRED"), (server, "ACTIVE"))]
    assert len(set(columns)) == 1


def test_the_keys_are_json(keys: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "keys", "list", "--org", "one", "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert [key["publicId"] for key in found] == keys[::-1]
    assert [list(key) for key in found] == [list(SHAPE)] * 2
    assert (found[1]["status"], found[1]["scopes"], found[1]["createdBy"]) == ("ACTIVE", ["*"], "command line")


def test_a_key_is_revoked_with_what_it_made(
    environment: Backends, keys: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    server, shop = (decode("apikey", key) for key in keys)
    change(environment, "update api_keys set created_by_key = %(of)s where id = %(id)s", of=server, id=shop)
    hook = new_uuid()
    change(
        environment,
        "insert into webhook_endpoints (org_id, id, version, updated_at, url, events, secret, api_version, status,"
        " scopes, created_by_key) values (%(org)s, %(id)s, 1, now(), 'https://example.com', '{*}', '', '', 'ENABLED',"
        " '{*}', %(by)s)",
        id=hook, by=shop,
    )  # fmt: skip
    code, out, err = run(capsys, "keys", "revoke", "--org", "one", "--id", keys[0])
    assert (code, err) == (0, "")
    assert out == f"revoked {keys[0]} and 1 that it created\ndisabled {encode('webhook', hook)}\n"
    assert rows(environment, "select revoked_at is not null, version from api_keys") == [(True, 2)] * 2
    assert rows(environment, "select status from webhook_endpoints") == [("DISABLED",)]
    last = "select action, source from audit_entries order by id desc limit 3"
    assert sorted(rows(environment, last)) == [("apikey:revoke", "CLI")] * 2 + [("webhook:disable", "CLI")]


def test_a_key_that_made_nothing_is_one_line(keys: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "keys", "revoke", "--org", "one", "--id", keys[1]) == (0, f"revoked {keys[1]}\n", "")


def test_refusals_are_one_line_and_change_nothing(
    environment: Backends, keys: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "org", "create", "--name", "Two", "--slug", "two")
    run(capsys, "keys", "revoke", "--org", "one", "--id", keys[1])
    before = rows(environment, STATE), rows(environment, "select count(*) from audit_entries")
    for org, key, said in (
        ("none", keys[0], "there is no organization none"),
        ("two", keys[0], "There is no such API key."),
        ("one", encode("apikey", new_uuid()), "There is no such API key."),
        ("one", "apikey_x", "There is no such API key."),
        ("one", "", "There is no such API key."),
        ("one", keys[1], "The API key is revoked already."),
    ):
        assert run(capsys, "keys", "revoke", "--org", org, "--id", key) == (1, "", f"counterfoil: {said}\n")
    assert run(capsys, "keys", "list", "--org", "none") == (1, "", "counterfoil: there is no organization none\n")
    assert (rows(environment, STATE), rows(environment, "select count(*) from audit_entries")) == before
