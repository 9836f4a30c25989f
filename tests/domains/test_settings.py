"""An organization's settings: merged, reset, held to their bounds, and one object over REST."""

import asyncio
import base64
from typing import Any

import pytest

from models.images import digest_of
from models.settings import REGISTRY
from models.typeid import encode
from resolvers import organizations
from resolvers.settings import logo_of, settings_of
from tests.support.api import Org
from tests.support.pngs import png
from tests.support.refusals import error, problem, unchanged

PATH = "/api/v1/org-settings"
READ = "{ orgSettings { version updatedAt entries { name type value default meaning } } }"
UPDATE = """mutation($input: UpdateOrgSettingsInput!) {
  updateOrgSettings(input: $input) { orgSettings { version entries { name value } } } }"""
AUDITED = """select e.action, e.target_id, c.changes from audit_entries e join audit_changes c on c.entry_id = e.id
  where e.action like 'settings:%' order by e.id"""


async def put(org: Org, body: dict[str, Any], version: int | None = None) -> dict[str, Any]:
    """The settings after a change over REST that must succeed."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    answer = await org.http.put(PATH, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def test_a_new_organization_has_the_defaults(acme: Org) -> None:
    found = (await acme.data(READ))["orgSettings"]
    assert found["version"] == 1
    assert [entry["name"] for entry in found["entries"]] == list(REGISTRY)
    for entry in found["entries"]:
        setting = REGISTRY[entry["name"]]
        assert (entry["type"], entry["meaning"]) == (setting.type, setting.meaning)
        assert entry["value"] == entry["default"] == setting.shown(setting.default)
    flat = (await acme.http.get(PATH)).json()["data"]
    assert flat == {"version": 1, "updatedAt": found["updatedAt"]} | {
        entry["name"]: entry["value"] for entry in found["entries"]
    }


async def test_a_change_merges_and_null_resets(acme: Org, other: Org) -> None:
    first = await put(acme, {"invoices.taxRate": "19.50", "organization.name": " Acme ", "orders.revisionLimit": 2})
    assert (first["invoices.taxRate"], first["organization.name"], first["orders.revisionLimit"]) == ("19.5", "Acme", 2)
    assert (first["version"], first["orders.reopenDays"]) == (2, 30)
    given = {"values": {"organization.name": None, "orders.reopenDays": 14}, "expectedVersion": 2}
    second = (await acme.data(UPDATE, input=given))["updateOrgSettings"]["orgSettings"]
    values = {entry["name"]: entry["value"] for entry in second["entries"]}
    assert (second["version"], values["organization.name"], values["orders.reopenDays"]) == (3, None, 14)
    assert (values["invoices.taxRate"], values["orders.revisionLimit"]) == ("19.5", 2)
    entries = await acme.rows(AUDITED)
    assert [row["action"] for row in entries] == ["settings:update", "settings:update"]
    assert entries[1]["changes"] == '{"orders.reopenDays":[30,14],"organization.name":["Acme",null]}'
    assert {row["target_id"] for row in entries} == {acme.id}
    assert await acme.count("events") == 0
    assert (await other.http.get(PATH)).json()["data"]["version"] == 1


async def test_what_changes_nothing_writes_nothing(acme: Org) -> None:
    await put(acme, {"invoices.taxRate": 19, "organization.color": "#0A7D4F"})
    read = await acme.http.get(PATH)
    whole = read.json()["data"]
    async with unchanged(acme):
        # What was read, in another spelling, the default of what is not set, and null for it.
        for body in (whole, {"invoices.taxRate": "19.0"}, {"orders.reopenDays": 30}, {"orders.reopenDays": None}, {}):
            answer = await acme.http.put(PATH, json=body, headers={"If-Match": read.headers["etag"]})
            assert (answer.status_code, answer.json()["data"]) == (200, whole)
    changed = await put(acme, whole | {"invoices.dueDays": 30}, version=2)
    assert changed == whole | {"invoices.dueDays": 30, "version": 3, "updatedAt": changed["updatedAt"]}


async def test_what_is_set_to_its_default_again_follows_the_default(acme: Org) -> None:
    await put(acme, {"orders.reopenDays": 7, "invoices.dueDays": 7})
    await put(acme, {"orders.reopenDays": 30, "invoices.dueDays": None})
    assert [row["chosen"] for row in await acme.rows("select chosen from org_settings")] == [{}]


@pytest.mark.parametrize(("given", "shown"), [(7.7, "7.7"), ("0.25", "0.25"), (0, "0"), ("100.0000", "100"), (8, "8")])
async def test_a_rate_is_exact(acme: Org, given: object, shown: str) -> None:
    assert (await put(acme, {"invoices.taxRate": given}))["invoices.taxRate"] == shown
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.snapshot():
        assert str((await settings_of(ctx))["invoices.taxRate"]) == shown


async def test_zero_has_no_sign(acme: Org) -> None:
    assert (await put(acme, {"invoices.taxRate": "-0"}))["invoices.taxRate"] == "0"


async def test_an_error_shows_no_more_than_a_part_of_what_was_sent(acme: Org) -> None:
    wrong = {"agents.prices": {"k" * 100_000: {f"a{number}": 1 for number in range(60)}}}
    async with unchanged(acme):
        answer = await acme.http.put("/api/v1/org-settings", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_INPUT")
        assert max(len(part["field"]) for part in answer.json()["errors"]) < 1_100
        assert len(answer.content) < 150_000
        unknown = await acme.http.post("/api/v1/clients", json={"u" * 200_000: 1})
        assert (unknown.status_code, len(unknown.content) < 5_000) == (400, True)


async def test_all_that_is_wrong_is_named_at_once_and_nothing_is_set(acme: Org) -> None:
    body = {
        "invoices.taxRate": 1000,
        "orders.reopenDays": "x",
        "invoices.prefix": "SN-",
        "colour": "red",
        "publicId": 1,
    }
    async with unchanged(acme):
        answer = await acme.http.put(PATH, json=body)
        found = {part["field"]: part["code"] for part in answer.json()["errors"]}
        assert (answer.status_code, found) == (400, {
            "body.invoices.taxRate": "OUT_OF_RANGE", "body.orders.reopenDays": "WRONG_TYPE",
            "body.colour": "UNKNOWN_FIELD", "body.publicId": "UNKNOWN_FIELD",
        })  # fmt: skip
        problem(await acme.http.put(PATH, json={"values": {"orders.reopenDays": 1}}), 400, "BAD_INPUT", "body.values")
        problem(await acme.http.put(PATH, json={"entries": []}), 400, "BAD_INPUT", "body.entries")
        error(await acme.graphql(UPDATE, input={"values": None}), 200, "BAD_INPUT", "input.values")
        error(await acme.graphql(UPDATE, input={"values": ["a"]}), 200, "BAD_INPUT", "input.values")
        problem(
            await acme.http.put(PATH, content=b"[]", headers={"Content-Type": "application/json"}),
            400,
            "BAD_INPUT",
            "body",
        )


async def test_two_changes_of_one_version(acme: Org) -> None:
    bodies = [{"orders.reopenDays": days} for days in range(1, 7)]
    answers = await asyncio.gather(*(acme.http.put(PATH, json=body, headers={"If-Match": '"1"'}) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]
    async with unchanged(acme):
        details = problem(await acme.http.put(PATH, json={}, headers={"If-Match": '"1"'}), 412, "VERSION_MISMATCH",
                       "header.If-Match")  # fmt: skip
        assert details["currentVersion"] == 2
        assert details["detail"] == "The current version of the settings is 2; the request expects another one."
    # Without a version the last writer wins, and no change is lost.
    names = ("orders.reopenDays", "invoices.dueDays", "subscriptions.graceDays", "agents.approvalHours")
    await asyncio.gather(*(put(acme, {name: 3}) for name in names))
    found = (await acme.http.get(PATH)).json()["data"]
    assert ([found[name] for name in names], found["version"]) == ([3, 3, 3, 3], 6)


async def test_each_setting_is_set_and_shown(acme: Org) -> None:
    values = {
        "organization.name": "Åke & Söner", "organization.address": "Storgatan 1\n111 22 Stockholm",
        "organization.taxId": "SE556677889901", "organization.email": "hej@example.se",
        "organization.phone": "+46 8 123", "organization.language": "sv-SE", "organization.color": "#0a7d4f",
        "organization.paymentDetails": "IBAN SE00", "orders.revisionLimit": 0, "orders.reopenDays": 0,
        "invoices.prefix": "A-", "invoices.taxRate": "25", "invoices.dueDays": 0, "invoices.requireAddress": True,
        "subscriptions.graceDays": 0, "tickets.firstResponse.urgent": 2, "tickets.firstResponse.high": 8,
        "tickets.firstResponse.normal": 48, "tickets.firstResponse.low": 8_760, "agents.currency": "EUR",
        "agents.monthlyBudget": 2**53 - 1, "agents.approvalHours": 1,
        "agents.prices": {"test": {"input": 1, "output": 2}}, "retention.jobs": 1, "retention.deliveries": 2,
        "retention.events": 3, "retention.submissionsSpam": 4, "retention.reports": 5,
        "retention.auditChanges": 3_650,
    }  # fmt: skip
    assert values.keys() == REGISTRY.keys() - {"organization.logo"}
    shown = await put(acme, values)
    assert {name: shown[name] for name in values} == values
    reset = await put(acme, dict.fromkeys(REGISTRY))
    assert {name: reset[name] for name in REGISTRY} == {
        name: setting.shown(setting.default) for name, setting in REGISTRY.items()
    }


async def _logo(org: Org) -> bytes | None:
    ctx = organizations.command_line(org.runtime, org.id)
    async with ctx.snapshot():
        return await logo_of(ctx)


async def test_a_logo_is_kept_and_shown_as_its_digest(acme: Org, other: Org) -> None:
    first, second = png(2, 3), png(5, 5)
    text = base64.b64encode(first).decode()
    found = await put(acme, {"organization.logo": text})
    assert found["organization.logo"] == digest_of(first)
    assert await _logo(acme) == first
    async with unchanged(acme):
        for same in (text, digest_of(first), f"data:image/png;base64,{text}"):
            assert (await put(acme, {"organization.logo": same}))["version"] == 2
    replaced = await put(acme, {"organization.logo": f"data:image/png;base64,{base64.b64encode(second).decode()}"})
    assert (await _logo(acme), await _logo(other)) == (second, None)
    async with unchanged(acme):
        answer = await acme.http.put(PATH, json={"organization.logo": digest_of(first)})
        problem(answer, 400, "BAD_INPUT", "body.organization.logo")
        for wrong in ("", "x", "aGVsbG8=", "https://example.com/a.png", base64.b64encode(first[:-1]).decode(),
                      base64.b64encode(png(1_025, 1)).decode()):  # fmt: skip
            answer = await acme.http.put(PATH, json={"organization.logo": wrong})
            problem(answer, 400, "BAD_INPUT", "body.organization.logo")
    assert replaced["organization.logo"] == digest_of(second)
    assert (await put(acme, {"organization.logo": None}))["organization.logo"] is None
    assert await _logo(acme) is None
    changes = [row["changes"] for row in await acme.rows(AUDITED)]
    assert changes == [
        f'{{"organization.logo":[{before},{after}]}}'
        for before, after in (
            ("null", f'"{digest_of(first)}"'),
            (f'"{digest_of(first)}"', f'"{digest_of(second)}"'),
            (f'"{digest_of(second)}"', "null"),
        )
    ]


async def test_the_audit_log_shows_what_changed(acme: Org) -> None:
    await put(acme, {"invoices.taxRate": "19"})
    target = encode("settings", acme.id)
    (entry,) = (
        await acme.http.get("/api/v1/audit-logs", params={"targetId": target, "action": "settings:update"})
    ).json()["data"]
    assert (entry["targetId"], entry["changes"]) == (target, {"invoices.taxRate": ["0", "19"]})


async def test_settings_need_their_scopes(acme: Org) -> None:
    reader = acme.holding(await acme.new_key("settings:read"))
    nobody = acme.holding(await acme.new_key("orders:write", "clients:write"))
    async with reader.http, nobody.http, unchanged(acme):
        assert (await reader.http.get(PATH)).status_code == 200
        problem(await reader.http.put(PATH, json={"orders.reopenDays": 1}), 403, "FORBIDDEN")
        problem(await nobody.http.get(PATH), 403, "FORBIDDEN")
