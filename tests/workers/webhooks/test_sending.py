"""Sending: bounded in time and bytes whatever the receiver does, straight, and over TLS only to whom it names."""

import asyncio
import errno
import os
import resource
from pathlib import Path

import pytest
import structlog

from tests.support.certificates import certificate
from tests.support.jobs import OK, eventually, leads_to, receiver, sender
from workers.webhooks.addresses import Addresses, Postponed
from workers.webhooks.http import Sender

FAILED = b"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nno\x00no"


async def test_a_receiver_that_drips_is_cut() -> None:
    # Each part is a proper header and comes soon: only the whole never does.
    async with receiver(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n", drip=0.01) as there:
        answer = await sender(total_seconds=0.3).post(there.url, {}, b"{}")
        assert (answer.status, answer.error, answer.body) == (None, "TIMEOUT", b"")
        await eventually(lambda: asyncio.sleep(0, there.left == 1))
    async with receiver(b"", drip=60) as there:
        answer = await sender(total_seconds=0.3).post(there.url, {}, b"{}")
    assert (answer.status, answer.error) == (None, "TIMEOUT")


async def test_a_body_that_does_not_end_is_cut_and_its_status_counts() -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab"
    async with receiver(start, drip=60) as there:
        answer = await sender(total_seconds=0.3).post(there.url, {}, b"{}")
    assert (answer.status, answer.error, answer.body) == (200, None, b"ab")


async def test_at_most_16_kib_are_read() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    async with receiver(head + b"x" * 1_000_000) as there:
        answer = await sender().post(there.url, {}, b"{}")
    assert (answer.status, len(answer.body)) == (200, 16 * 1024 - len(head))
    async with receiver(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 100_000) as there:
        answer = await sender().post(there.url, {}, b"{}")
    assert (answer.status, answer.error) == (None, "RESPONSE_TOO_LARGE")


async def test_compressed_answers_stay_as_they_are() -> None:
    bomb = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    async with receiver(bomb) as there:
        answer = await sender().post(there.url, {}, b"{}")
    assert (answer.status, answer.body) == (200, b"\x1f\x8b\x08\x00")
    assert there.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"", None, "NO_RESPONSE"),
        (b"SSH-2.0-OpenSSH_9\r\n", None, "BAD_RESPONSE"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, 200, None),
        (b"HTTP/1.1 100 Continue\r\n\r\n", None, "NO_RESPONSE"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx", None, "BAD_RESPONSE"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, None),
    ],
)
async def test_strange_answers(answer: bytes, status: int | None, error: str | None) -> None:
    async with receiver(answer) as there:
        got = await sender().post(there.url, {}, b"{}")
    assert (got.status, got.error) == (status, error)


async def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver(FAILED) as proxy, receiver() as there:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert (await sender().post(there.url, {}, b"{}")).status == 200
        assert proxy.requests == []


async def test_nobody_listens() -> None:
    answer = await sender().post("http://127.0.0.1:1/", {}, b"{}")
    assert (answer.status, answer.error) == (None, "CONNECT_FAILED")


async def test_a_lack_of_file_descriptors_is_not_the_receivers_failure() -> None:
    async with receiver() as there:
        asked = sender()
        free = os.dup(0)
        os.close(free)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            with structlog.testing.capture_logs() as logged, pytest.raises(Postponed):
                await asked.post(there.url, {}, b"{}")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert there.requests == []
        # Of such lines one a minute is written.
        error = f"[Errno {errno.EMFILE}] {os.strerror(errno.EMFILE)}"
        assert logged == [{"event": "deliveries wait", "log_level": "warning", "error": error}]
        assert (await asked.post(there.url, {}, b"{}")).status == 200


async def test_tls_is_verified_against_the_name(tmp_path: Path) -> None:
    server, trust = certificate("hooks.example", tmp_path)
    here = Addresses(True, leads_to("127.0.0.1"))
    async with receiver(tls=server) as there:
        port = there.url.split(":")[2]
        trusting, doubting = Sender(here, True, tls=trust), Sender(here, True)
        answer = await trusting.post(f"https://hooks.example:{port}", {}, b"{}")
        assert (answer.status, answer.error) == (200, None)
        for sent in (trusting.post(f"https://other.example:{port}", {}, b"{}"), doubting.post(there.url, {}, b"{}")):
            answer = await sent
            assert (answer.status, answer.error) == (None, "TLS_FAILED")
        assert len(there.requests) == 1
