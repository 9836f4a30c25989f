"""Looking up names: over a real name server that answers, hangs or is slow; in turns for each organization."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

import aiodns
import pytest

from models.webhook_urls import Address
from resolvers.database.runtime import Runtime
from tests.support.jobs import DELIVERY, JOB, emit, eventually, listen_at, make_due, one, receiver, settled, working
from workers.webhooks.addresses import Addresses, Postponed, Refused, Resolve, look_up
from workers.webhooks.http import Sender

# In one statement: between two of them a worker may claim the job.
STATE = """select j.state, j.claim_no, j.attempt, d.status, d.attempts, d.next_attempt_at, e.failing_since
  from jobs j join deliveries d on d.id = j.subject_id join webhook_endpoints e on e.id = d.endpoint_id
  where j.org_id = $1 and j.function = 'WEBHOOK_DELIVERY'"""
HERE = [ip_address("127.0.0.1")]
SLOW_S = 0.5


class NameServer(asyncio.DatagramProtocol):
    """Answers 127.0.0.1 for each name, by what it begins with: ``hang`` never, ``slow`` late, ``none`` NXDOMAIN."""

    transport: asyncio.DatagramTransport

    def __init__(self) -> None:
        self.asked: list[str] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question, later or never."""
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += data[at] + 1
        question, query_type = data[12 : at + 5], int.from_bytes(data[at + 1 : at + 3], "big")
        self.asked.append(".".join(labels))
        missing = labels[0].startswith("none")
        found = query_type == 1 and not missing
        flags = 0x8183 if missing else 0x8180
        head = data[:2] + flags.to_bytes(2, "big") + bytes([0, 1, 0, int(found), 0, 0, 0, 0])
        record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + HERE[0].packed
        if not labels[0].startswith("hang"):
            delay = SLOW_S if labels[0].startswith("slow") else 0
            send = partial(self._send, head + question + (record if found else b""), addr)
            asyncio.get_running_loop().call_later(delay, send)

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(answer, addr)


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    """A name server on a loopback port."""
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    made.transport = transport
    yield made
    transport.close()


def asking(names: NameServer) -> Resolve:
    """The look-up that deliveries use, at this name server."""
    port = names.transport.get_extra_info("sockname")[1]
    return partial(look_up, nameservers=["127.0.0.1"], udp_port=port, tcp_port=port, lookups="b")


async def _resolved(_host: str) -> list[Address]:
    return HERE


class Hanging:
    """A look-up that never ends by itself: names that begin with ``ok`` excepted."""

    def __init__(self) -> None:
        self.running = 0

    async def __call__(self, host: str) -> list[Address]:
        """Hang, or answer."""
        if host.startswith("ok"):
            return HERE
        self.running += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.running -= 1
        return []


async def test_a_name_server_is_asked(names: NameServer) -> None:
    assert await Addresses(True, asking(names)).of("ok.hooks.example") == HERE
    assert set(names.asked) == {"ok.hooks.example"}
    with pytest.raises(Refused, match="ADDRESS_REFUSED"):
        await Addresses(False, asking(names)).of("ok.hooks.example")
    for name in ("none.hooks.example", "hang.hooks.example"):
        with pytest.raises(Refused, match="NAME_NOT_RESOLVED"):
            await Addresses(True, asking(names), resolve_seconds=0.2).of(name)
    with pytest.raises(aiodns.error.DNSError):
        await asking(names)("none.hooks.example")


async def test_a_slow_answer_counts_after_fast_ones(names: NameServer) -> None:
    addresses = Addresses(True, asking(names))
    for number in range(30):
        assert await addresses.of(f"ok{number}.hooks.example") == HERE
    assert await addresses.of("slow.hooks.example") == HERE


async def test_a_look_up_that_hangs_can_be_cancelled(names: NameServer) -> None:
    hanging = [asyncio.ensure_future(asking(names)(f"hang{number}.hooks.example")) for number in range(40)]
    await eventually(lambda: asyncio.sleep(0, len(set(names.asked)) == 40))
    # Answered while all of the others wait.
    assert await asking(names)("ok.hooks.example") == HERE
    assert not any(task.done() for task in hanging)
    for task in hanging:
        task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait(hanging)
    assert all(task.cancelled() for task in hanging)


async def test_hanging_names_of_one_organization_delay_no_other() -> None:
    hanging = Hanging()
    addresses = Addresses(True, hanging, look_ups=3, wait_seconds=0.2, resolve_seconds=60)
    ours, theirs = uuid4(), uuid4()
    tasks = [asyncio.ensure_future(addresses.of(f"hang{n}.example", ours)) for n in range(300)]
    await asyncio.sleep(0)
    assert await addresses.of("ok.example", theirs) == HERE
    assert hanging.running == 3
    # Who got no turn was not looked up at all, and that is no verdict on the name.
    done, running = await asyncio.wait(tasks, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
    while len(running) > 3:
        done, running = await asyncio.wait(running, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
    assert all(isinstance(task.exception(), Postponed) for task in done)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    # A turn is given back however its look-up ended.
    assert (hanging.running, await addresses.of("ok.example", ours)) == (0, HERE)


async def test_a_turn_that_comes_is_used() -> None:
    addresses = Addresses(True, _resolved, look_ups=1, wait_seconds=5)
    org_id = uuid4()
    assert await asyncio.gather(*(addresses.of(f"ok{n}.example", org_id) for n in range(50))) == [HERE] * 50


async def test_without_descriptors_nothing_was_tried() -> None:
    async def none_left(_host: str) -> list[Address]:
        raise OSError(24, "Too many open files")

    with pytest.raises(Postponed):
        await Addresses(True, none_left).of("ok.example")


async def test_a_delivery_that_waited_for_its_turn_is_no_attempt(runtime: Runtime, org: UUID) -> None:
    hanging = Hanging()
    addresses = Addresses(True, hanging, look_ups=1, wait_seconds=0.05, resolve_seconds=60)
    async with receiver() as there:
        await listen_at(runtime, org, there.url.replace("127.0.0.1", "ok.example"))
        await emit(runtime, org)
        taken = asyncio.ensure_future(addresses.of("hang.example", org))
        await asyncio.sleep(0)

        states: list[dict[str, Any]] = []

        async def postponed() -> bool:
            states.append(await one(runtime, org, STATE, org))
            if states[-1]["state"] == "QUEUED" and states[-1]["claim_no"] >= 3:
                return True
            await make_due(runtime, org)
            return False

        async with working(runtime, sender=Sender(addresses, True)):
            await eventually(postponed)
            found = states[-1]
            assert (found["attempt"], found["status"], found["attempts"]) == (0, "PENDING", [])
            assert (found["next_attempt_at"] is not None, found["failing_since"], there.requests) == (True, None, [])
            taken.cancel()
            await asyncio.wait([taken])
            await make_due(runtime, org)
            await settled(runtime, org)
    job, delivery = await one(runtime, org, JOB, org), await one(runtime, org, DELIVERY, org)
    assert (job["attempt"], delivery["status"], len(delivery["attempts"])) == (1, "SUCCEEDED", 1)


async def test_a_name_that_is_not_resolved_is_an_attempt(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url.replace("127.0.0.1", "hang.example"))
        await emit(runtime, org)

        async def tried() -> bool:
            return len((await one(runtime, org, DELIVERY, org))["attempts"]) == 1

        async with working(runtime, sender=Sender(Addresses(True, Hanging(), resolve_seconds=0.05), True)):
            await eventually(tried)
    [attempt] = (await one(runtime, org, DELIVERY, org))["attempts"]
    assert (attempt["error"], (await one(runtime, org, JOB, org))["attempt"]) == ("NAME_NOT_RESOLVED", 1)
