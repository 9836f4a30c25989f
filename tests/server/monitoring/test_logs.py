"""Logs: one JSON object a line, ours and the libraries', and no secret in any of them."""

import errno
import logging
from datetime import datetime, timedelta

import orjson
import pytest
import structlog

from server.http.edge import EdgeMiddleware
from server.monitoring import logs
from server.monitoring.metrics import Metrics
from web.http import Message, Receive, Scope, Send

pytestmark = pytest.mark.usefixtures("logging_restored")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [orjson.loads(line) for line in captured.err.splitlines()]


def test_an_event_carries_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.contextvars.bind_contextvars(request_id="req_1")
    structlog.get_logger().info("answered", status=200)
    structlog.get_logger().debug("too quiet to be logged")
    (event,) = lines(capsys)
    event.pop("timestamp")
    assert event == {"event": "answered", "level": "info", "request_id": "req_1", "status": 200}


def test_a_library_logs_alike(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.contextvars.bind_contextvars(request_id="req_1")
    logging.getLogger("some.library").warning("cannot reach %s", "redis://:hunter2@cache:6379/0")
    (event,) = lines(capsys)
    event.pop("timestamp")
    assert event == {
        "event": "cannot reach redis://:[redacted]@cache:6379/0",
        "level": "warning",
        "logger": "some.library",
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("sk_live_01abcDEF-_x", "sk_live_[redacted]"),
        ("key sk_live_abc.", "key sk_live_[redacted]."),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "whsec_[redacted]"),
        ("postgresql://app:pa@ss@db:5432/x?y=1", "postgresql://app:[redacted]@db:5432/x?y=1"),
        ("redis://:pw@h", "redis://:[redacted]@h"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
        ("https://example.com:8000/a@b", "https://example.com:8000/a@b"),
        (b"whsec_abc", "whsec_[redacted]"),
        ({"a": ["sk_live_abc", 1, None]}, {"a": ["sk_live_[redacted]", 1, None]}),
        (ValueError("sk_live_abc"), "sk_live_[redacted]"),
    ],
)
def test_secrets_are_taken_out(secret: object, shown: object) -> None:
    assert logs.redact(secret) == shown


def test_a_traceback_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        raise ValueError("sk_live_abc123")
    except ValueError:
        structlog.get_logger().exception("failed")
    (event,) = lines(capsys)
    assert str(event["exception"]).splitlines()[-1] == "ValueError: sk_live_[redacted]"


def test_text_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("WARNING", "console")
    structlog.get_logger().info("not shown")
    structlog.get_logger().warning("shown", key="sk_live_abc")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.split("[", 1)[1].split() == ["warning", "]", "shown", "key=sk_live_[redacted]"]


async def test_a_path_brings_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        return None

    logs.configure("INFO", "console")
    scope: Scope = {"type": "http", "method": "GET", "path": "/a\x00b\nc\x1b[31m", "headers": []}
    await EdgeMiddleware(app, Metrics(), seconds=1, timing=False)(scope, receive, send)
    (line,) = capsys.readouterr().err.splitlines()
    assert "path=/a%00b%0Ac%1B%5B31m " in line


@pytest.mark.parametrize(
    ("path", "request_id", "shown"),
    [
        ("/api/v1/clients/client_1", "mine", "/api/v1/clients/client_1"),
        ("/é\n", "mine", "/%C3%A9%0A"),
        ("/x/sk_live_01abcDEF", "sk_live_abc", "/x/sk_live_[redacted]"),
        ("/x/whsec_abc", "whsec_abc", "/x/whsec_[redacted]"),
    ],
)
def test_the_line_of_a_request(capsys: pytest.CaptureFixture[str], path: str, request_id: str, shown: str) -> None:
    logs.configure()
    logs.access(request_id, "GET", path, 200, 0.0123456, 3)
    (event,) = lines(capsys)
    assert datetime.fromisoformat(str(event.pop("timestamp"))).utcoffset() == timedelta(0)
    assert event == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "path": shown,
        "status": 200,
        "ms": 12.35,
        "statements": 3,
        "request_id": logs.redact(request_id),
    }


@pytest.mark.parametrize("style", ["json", "console"])
def test_the_line_of_a_request_has_its_level(capsys: pytest.CaptureFixture[str], style: str) -> None:
    logs.configure("WARNING", style)
    logs.access("mine", "GET", "/", 200, 0.1, 0)
    assert capsys.readouterr().err == ""
    logs.configure("INFO", style)
    logs.access("mine", "GET", "/", 200, 0.1, 0)
    assert len(capsys.readouterr().err.splitlines()) == 1


async def test_what_is_logged_during_a_request_carries_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        structlog.get_logger().info("inside")
        logging.getLogger("some.library").warning("inside too")
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        return None

    logs.configure()
    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", b"mine")]}
    await EdgeMiddleware(app, Metrics(), seconds=1, timing=False)(scope, receive, send)
    structlog.get_logger().info("outside")
    assert [(event["event"], event.get("request_id")) for event in lines(capsys)] == [
        ("inside", "mine"),
        ("inside too", "mine"),
        ("request", "mine"),
        ("outside", None),
    ]


LONGEST = 8 * 1024


def _deep(depth: int) -> None:
    if depth:
        _deep(depth - 1)
    raise ValueError("sk_live_abc123 " + "x" * 100_000)


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_line_is_longer_than_eight_kilobytes(capsys: pytest.CaptureFixture[str], style: str) -> None:
    logs.configure("INFO", style)
    log = structlog.get_logger()
    log.warning("x" * 100_000)
    log.warning("long", error="é" * 100_000, request_id="mine", **{"k" * 20_000: 1})
    log.warning("control", error="\x00" * 100_000)
    log.warning("many", **{f"key{number}": "value" * 10 for number in range(5_000)})
    log.warning("nested", rows=[{"a": ["x" * 50] * 1_000}] * 100)
    log.warning("odd", number=10**30, word="\ud800", other=float("nan"))
    logging.getLogger("some.library").warning("%s", "y" * 100_000)
    for depth in (3, 900):
        try:
            _deep(depth)
        except ValueError:
            log.exception("failed")
    logs.access("mine", "GET", "/" + "é\n" * 30_000, 404, 0.1, 0)
    printed = capsys.readouterr().err
    assert "sk_live_abc" not in printed
    # Text for a person has a traceback over several lines: the event is what is bounded.
    for line in printed.splitlines():
        assert len(line.encode()) < LONGEST
    assert len(printed.encode()) < 10 * LONGEST
    if style == "json":
        events = [orjson.loads(line) for line in printed.splitlines()]
        assert len(events) == 10
        assert all({"event", "level", "timestamp"} <= set(event) for event in events)
        assert events[1]["request_id"] == "mine"
        for event in events[7:9]:
            # The end says what went wrong, the beginning where it started.
            assert "ValueError" in event["exception"]
            assert event["exception"].startswith("Traceback")


def test_running_out_of_descriptors_is_logged_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    for _ in range(1_000):
        try:
            raise OSError(errno.EMFILE, "Too many open files")
        except OSError as error:
            structlog.get_logger().exception("unexpected error")
            structlog.get_logger().warning("bucket.local", error=str(error))
            logging.getLogger("asyncio").error("accept failed", exc_info=error)
    structlog.get_logger().warning("something else")
    assert [event["event"] for event in lines(capsys)] == ["unexpected error", "something else"]
