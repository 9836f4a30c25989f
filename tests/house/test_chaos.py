"""Chaos: the accounting finds what it should. `.ci/run` makes the short run of every kill and stop."""

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
import uvloop

from bench.chaos.accounts import two_bodies, wrong
from bench.chaos.injuries import INJURIES, Injury
from bench.chaos.journal import SILENT, Change
from bench.chaos.listeners import healthy, hostile, listening, ways
from bench.chaos.models import HEALTHY, Models
from bench.chaos.receivers import HANGING, HOSTILE, Serve
from bench.chaos.receivers import listening as receiving
from bench.chaos.report import ACCOUNTS, KINDS, LEAST, Report, shown
from tests.support.chaos import MOVED, ORDER, written

WAIT_S = 600
ENDLESS = {"hangs", "drips", "sends-10-GB"}
RIGHT = dict.fromkeys(
    (
        "acknowledged writes missing", "effects of one key doubled", "events doubled", "order numbers doubled",
        "deliveries lost",
    ),
    0,
)  # fmt: skip


def test_what_is_right_has_nothing_to_account_for() -> None:
    journal, tenant, stored = written()
    assert wrong(journal, tenant, stored) == RIGHT
    # Of a change that nobody was told the outcome of, one effect is right, as none is.
    journal.changes[2] = replace(MOVED, acknowledged=None)
    assert wrong(journal, tenant, stored) == RIGHT
    assert wrong(journal, tenant, replace(stored, events=[*stored.events[:2], stored.events[3]])) == RIGHT


def test_a_write_that_is_gone_is_missing() -> None:
    journal, tenant, stored = written()
    for lost in (
        replace(stored, events=stored.events[:2]),
        replace(stored, versions={"client_1": 1, "order_1": 1}),
        replace(stored, versions={"order_1": 2}),
    ):
        assert wrong(journal, tenant, lost)["acknowledged writes missing"] == 1


def test_a_second_effect_of_a_key_is_found() -> None:
    journal, tenant, stored = written()
    again = ("event_9", ("order.status_changed", "order_1", 3), True)
    twice = replace(stored, events=[*stored.events, again], deliveries={**stored.deliveries, "event_9": "SUCCEEDED"})
    assert wrong(journal, tenant, twice)["effects of one key doubled"] == 1
    assert wrong(journal, tenant, replace(stored, marks=Counter({"k-1": 3})))["effects of one key doubled"] == 2


def test_what_a_worker_did_twice_is_found() -> None:
    journal, tenant, stored = written()
    key, renewed, _ = stored.events[3]
    again = replace(stored, events=[*stored.events, ("event_9", renewed, False)])
    tenant.healthy.events["event_9"] = tenant.healthy.events[key]
    found = wrong(journal, tenant, replace(again, deliveries={**stored.deliveries, "event_9": "SUCCEEDED"}))
    assert found == RIGHT | {"events doubled": 1}


def test_a_payment_is_two_events_and_a_report_none() -> None:
    journal, tenant, stored = written()
    journal.changes += [
        Change("a", "k-6", "invoice.paid", 7.0, 8.0, "invoice_1", 3),
        Change("a", "k-7", SILENT, 9.0, 10.0, "report_1", 1),
    ]
    paid = [(f"event_{name}", (f"invoice.{name}", "invoice_1", 3), True) for name in ("paid", "payment_recorded")]
    for key, what, _ in paid:
        tenant.healthy.events[key], tenant.healthy.webhook_ids[what] = [11.0], key
    heard = {**stored.deliveries, "event_paid": "SUCCEEDED", "event_payment_recorded": "SUCCEEDED"}
    versions = {**stored.versions, "invoice_1": 3, "report_1": 4}
    right = replace(stored, events=[*stored.events, *paid], deliveries=heard, versions=versions)
    assert wrong(journal, tenant, right) == RIGHT
    # One event of the two is missing; a second report was made.
    assert wrong(journal, tenant, replace(right, events=right.events[:-1]))["acknowledged writes missing"] == 1
    twice = replace(right, versions={**versions, "report_2": 1})
    assert wrong(journal, tenant, twice)["effects of one key doubled"] == 1
    gone = replace(right, versions={**versions, "report_1": 0})
    assert wrong(journal, tenant, gone)["acknowledged writes missing"] == 1


def test_doubled_numbers_and_lost_deliveries_are_found() -> None:
    journal, tenant, stored = written()
    assert wrong(journal, tenant, replace(stored, numbers=[1001, 1002, 1001]))["order numbers doubled"] == 1
    journal.changes.append(replace(ORDER, key="k-4", public_id="order_2"))
    assert wrong(journal, tenant, stored)["order numbers doubled"] == 1
    del journal.changes[-1]
    failed = {**stored.deliveries, "event_1": "FAILED"}
    assert wrong(journal, tenant, replace(stored, deliveries=failed))["deliveries lost"] == 1
    assert wrong(journal, tenant, replace(stored, deliveries={}))["deliveries lost"] == 4
    del tenant.healthy.events["event_1"]
    assert wrong(journal, tenant, stored)["deliveries lost"] == 1


def test_two_bodies_of_one_event_are_found_at_two_receivers_too() -> None:
    first, second = healthy(), healthy()
    first.bodies, second.bodies = {"event_1": {b"x"}, "event_2": {b"x"}}, {"event_1": {b"x"}, "event_2": {b"y"}}
    assert (two_bodies([first]), two_bodies([first, second])) == (0, 1)


def met() -> Report:
    """A run that met everything that it should."""
    journal, tenant, _ = written()
    journal.changes += [replace(ORDER, key=f"k-{number}", public_id=f"order_{number}") for number in range(10, 60)]
    models = Models(ways(""), by_model=dict.fromkeys((HEALTHY, *ways("")), 1))
    made = [Injury(name, 1.0) for name in INJURIES]
    done = {name: [1.0] * LEAST[name] for name in KINDS[2:]}
    return Report(journal, [tenant], [tenant.healthy], models, made, successes=done, drained=True, asked=INJURIES)


def test_a_run_that_met_everything_has_not_failed() -> None:
    assert (met().unmet, met().failed) == ([], False)
    assert "Not met" not in shown(met())


def test_a_run_that_has_not_met_something_has_failed() -> None:
    changes: dict[str, Callable[[Report], object]] = {
        "no SIGKILL worker": lambda run: run.injuries.pop(0),
        "nothing came to the receiver healthy": lambda run: run.listeners.append(healthy()),
        "the model hangs was never called": lambda run: run.models.by_model.pop("hangs"),
        "3 of at least 4 billing": lambda run: run.successes["billing"].pop(),
        "0 of at least 50 writes": lambda run: run.journal.changes.clear(),
        "work was still waiting at the end": lambda run: setattr(run, "drained", False),
    }
    for said, change in changes.items():
        run = met()
        change(run)
        assert (run.unmet, run.failed) == ([said], True)
        assert f"Not met: {said}" in shown(run)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_each_account_fails_a_run(account: str) -> None:
    report = met()
    journal = report.journal
    assert set(report.accounts.values()) == {0}
    if account == "writes never acknowledged":
        journal.changes.append(replace(ORDER, acknowledged=None))
    elif account == "writes refused":
        journal.changes.append(replace(ORDER, acknowledged=None))
        journal.refused.append("POST /api/v1/orders: 400")
    elif account == "answers 500":
        journal.statuses["500"] = 1
    elif account == "answers 503 without Retry-After":
        journal.unhelpful = 1
    else:
        report.wrong[account] = 1
    assert report.failed
    assert {name for name, number in report.accounts.items() if number} == {account}
    assert f"| {account} | 1 |" in shown(report)


async def test_receivers_count_and_answer_as_they_are_called() -> None:
    body = json.dumps({"type": "client.created", "data": {"publicId": "client_1", "version": 1}})
    good = healthy()
    async with listening(good), httpx.AsyncClient() as http:
        others = hostile(good.url)
        async with listening(*others):
            for number, each in enumerate([good, good, *others]):
                asked = http.post(each.url, content=body, headers={"webhook-id": "event_1"}, timeout=60)
                if each.name in ENDLESS:
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(asked, 0.5)
                    assert len(each.events["event_1"]) == 1, number
                elif each.name == "resets":
                    with pytest.raises(httpx.TransportError):
                        await asked
                else:
                    assert (await asked).status_code == {"healthy": 204, "fails": 500, "redirects": 307}[each.name]
        # What comes without an event counts too: nothing may come where one of them leads.
        async with httpx.AsyncClient() as http:
            assert (await http.get(good.url)).status_code == 204
    assert (len(good.events["event_1"]), good.asked) == (2, 3)
    assert good.webhook_ids == {("client.created", "client_1", 1): "event_1"}
    assert two_bodies([good, *others]) == 0


@pytest.mark.parametrize("serve", [HOSTILE[HANGING], HOSTILE[-1]], ids=["drips", "sends without end"])
def test_a_receiver_ends_in_order_when_its_client_goes(serve: Serve) -> None:
    unhandled: list[dict[str, object]] = []

    async def go() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unhandled.append(context))
        ended = asyncio.Event()

        async def watched(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                ended.set()

        async with receiving(watched) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
            assert await reader.read(1) == b"H"
            # It does not end the connection, it resets it.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            await asyncio.wait_for(ended.wait(), WAIT_S)
            await asyncio.sleep(0)

    uvloop.run(go())
    assert unhandled == []
