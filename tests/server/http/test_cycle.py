"""A request's answer: written as uvicorn writes it, in fewer steps where it is a plain one."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.http.cycle import Cycle

LENGTH = (b"content-length", b"2")
HEADS: list[list[tuple[bytes, bytes]]] = [
    [LENGTH],
    [],
    [(b"x-one", b"a b"), LENGTH, (b"set-cookie", b"\xff\t;"), (b"set-cookie", b"")],
    [(b"X-Upper", b"a"), LENGTH],
    [LENGTH, LENGTH],
    [LENGTH, (b"connection", b"close")],
    [LENGTH, (b"connection", b"upgrade")],
    [(b"transfer-encoding", b"chunked")],
    [(b"content-length", b"many")],
    [LENGTH, (b"x-one", b"a\r\nx-two: b")],
    [LENGTH, (b"x-one", b"a\x00")],
    [LENGTH, (b"x one", b"a")],
    [LENGTH, (b"x:\n", b"a")],
]
BODIES: list[list[dict[str, Any]]] = [
    [{"body": b"ab"}],
    [{"body": b"ab", "more_body": False}],
    [{"body": b"a", "more_body": True}, {"body": b"b"}],
    [{"body": b"a"}],
    [{"body": b"abc"}],
    [{}],
    [{"body": b"ab"}, {"body": b"ab"}],
]


class _Written:
    """A transport that remembers what is done to it."""

    def __init__(self) -> None:
        self.done = b""

    def write(self, data: bytes) -> None:
        self.done += data

    def close(self) -> None:
        self.done += b"<closed>"

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        return None


def _made(cycle_type: Any, method: str, written: Any, *, keep: bool) -> Any:
    """A request whose body has not ended."""
    logger = logging.getLogger("uvicorn.error")
    return cycle_type(
        scope={"type": "http", "method": method}, transport=written, flow=FlowControl(written), logger=logger,
        access_logger=logger, access_log=False, default_headers=[(b"date", b"today")], message_event=asyncio.Event(),
        expect_100_continue=False, keep_alive=keep, on_response=lambda: written.write(b"<answered>"),
    )  # fmt: skip


async def _sent(cycle_type: Any, method: str, messages: list[Any], *, keep: bool) -> tuple[Any, ...]:
    """What an answer writes and leaves, and the error that ends it."""
    written = _Written()
    cycle = _made(cycle_type, method, written, keep=keep)
    cycle.more_body = False
    error = ""
    try:
        for message in messages:
            await cycle.send(message)
    except (RuntimeError, ValueError) as raised:
        error = repr(raised)
    return written.done, cycle.response_started, cycle.response_complete, cycle.message_event.is_set(), error


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("head", HEADS)
async def test_an_answer_is_written_as_uvicorn_writes_it(
    head: list[tuple[bytes, bytes]], method: str, keep: bool
) -> None:
    for status in (200, 204):
        for body in BODIES:
            parts = [{"type": "http.response.body", **part} for part in body]
            for messages in (
                [{"type": "http.response.start", "status": status, "headers": head}, *parts],
                parts,
                [{"type": "http.response.start", "status": status, "headers": head}] * 2,
            ):
                ours, theirs = [
                    await _sent(cycle_type, method, messages, keep=keep) for cycle_type in (Cycle, RequestResponseCycle)
                ]
                assert ours == theirs


async def test_an_answer_before_the_end_of_its_request_is_the_connection_s_last() -> None:
    written = _Written()
    cycle = _made(Cycle, "POST", written, keep=True)
    await cycle.send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
    cycle.more_body = False
    await cycle.send({"type": "http.response.body", "body": b"ab"})
    assert written.done == (
        b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab<closed><answered>"
    )
