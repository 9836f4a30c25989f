"""A body that ends early, comes in pieces or does not come."""

import asyncio

import pytest

from resolvers.errors import Refusal
from tests.support.api import Org, serving, settings_of
from tests.support.servers import Backends
from web.body import Bodies
from web.http import ARRIVED, Message, Request, Scope


def _request(*messages: Message) -> Request:
    waiting = list(messages)

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    headers = [(b"content-type", b"application/json; charset=utf-8")]
    scope: Scope = {"type": "http", "method": "POST", "headers": headers, "state": {"request_id": "mine"}}
    return Request(scope, receive)


def _part(body: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_pieces_are_put_together() -> None:
    bodies = Bodies(20, 5)
    parts = (_part(b'{"a"', True), _part(b"", True), {"type": "http.request", "more_body": True}, _part(b": 1}", False))
    assert await bodies.json(_request(*parts)) == {"a": 1}
    assert await bodies.json(_request(_part(b"{}", False))) == {}


async def test_a_body_that_has_arrived_is_neither_awaited_nor_timed() -> None:
    bodies = Bodies(20, 0)
    request = _request()
    request.state[ARRIVED] = b'{"a": 1}'
    assert await bodies.json(request) == {"a": 1}
    assert ARRIVED not in request.state
    request.state[ARRIVED] = b" " * 21
    with pytest.raises(Refusal, match="The body may have 20 bytes at most"):
        await bodies.json(request)


@pytest.mark.parametrize(
    ("messages", "code", "message"),
    [
        ((_part(b"{", True), {"type": "http.disconnect"}), "BAD_INPUT", "The body ended early."),
        ((_part(b"{", True),), "REQUEST_TIMEOUT", "The body did not arrive within 0.05 s."),
        ((_part(b" " * 11, True), _part(b" " * 10, True)), "TOO_LARGE", "The body may have 20 bytes at most."),
        ((_part(b"", False),), "BAD_INPUT", "The body is empty."),
        ((_part(b'{"a": "\xff"}', False),), "BAD_INPUT", "The body is not valid UTF-8."),
        ((_part(b'{"a": "\xed\xa0\x80"}', False),), "BAD_INPUT", "The body is not valid UTF-8."),
        ((_part(b"\xef\xbb\xbf{}", False),), "BAD_INPUT", "The body is not JSON: see line 1, column 1."),
        ((_part(b'{"a":\n b}', False),), "BAD_INPUT", "The body is not JSON: see line 2, column 2."),
        ((_part(b'{"\\ud800": 1}', False),), "BAD_INPUT", "The body is not JSON: see line 1, column 3."),
        ((_part(b"[" * 20, False),), "BAD_INPUT", "The body is not JSON: see line 1, column 21."),
        # It is wrong for another reason too, of which it does not stand first.
        ((_part(b'{"a":\n -1e400,}', False),), "BAD_INPUT", "The number at line 2, column 2 is out of range."),
    ],
)
async def test_what_is_no_whole_body_is_refused(messages: tuple[Message, ...], code: str, message: str) -> None:
    bodies = Bodies(20, 0.05)
    with pytest.raises(Refusal) as refused:
        await bodies.json(_request(*messages))
    assert (refused.value.code, refused.value.message) == (code, message)
    assert len(bodies.deadlines) == 0
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_wait_that_is_cancelled_from_outside_stays_cancelled() -> None:
    bodies = Bodies(20, 5)
    task = asyncio.create_task(bodies.json(_request(_part(b"{", True))))
    await asyncio.sleep(0)
    assert len(bodies.deadlines) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(bodies.deadlines) == 0


async def test_a_body_that_drips_is_refused_at_both_doors(acme: Org, backends: Backends) -> None:
    # The request's time is no longer than the body's, and starts when the body is there.
    async with serving(settings_of(backends, body_timeout_s=0.2, request_timeout_s=0.2)) as base:
        host, port = base.removeprefix("http://").split(":")
        for path in ("/api/v1/clients", "/graphql"):
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {acme.key}\r\nconnection: close\r\n"
            writer.write(f"{head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{{".encode())
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 408 Request Timeout")
            assert b'"REQUEST_TIMEOUT"' in answer
            assert b"The body did not arrive within 0.2 s." in answer
            writer.close()
    assert await acme.count("clients") == 0
