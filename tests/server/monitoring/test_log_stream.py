"""The stream of the log: a line that cannot be written fails nobody, and is counted."""

import fcntl
import logging
import os
from pathlib import Path

import orjson
import pytest
import structlog

from server.monitoring import logs

pytestmark = pytest.mark.usefixtures("logging_restored")


def log_three() -> None:
    """A line of each kind."""
    logs.access("mine", "GET", "/", 200, 0.1, 0)
    structlog.get_logger().info("ours")
    logging.getLogger("some.library").warning("another's")


@pytest.mark.parametrize("style", ["json", "console"])
def test_what_was_lost_is_counted_and_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    kept = tmp_path / "log"
    with kept.open("w+", encoding="utf-8") as stream, Path("/dev/full").open("wb") as full:
        disk = os.dup(stream.fileno())
        monkeypatch.setattr("sys.stderr", stream)
        logs.configure("INFO", style)
        log_three()
        os.dup2(full.fileno(), stream.fileno())
        log_three()
        log_three()
        os.dup2(disk, stream.fileno())
        os.close(disk)
        log_three()
    printed = kept.read_text(encoding="utf-8").splitlines()
    assert len(printed) == 7
    if style == "console":
        assert printed[3].split("[", 1)[1].split() == ["warning", "]", "log.lost", "lines=6"]
        return
    events = [orjson.loads(line) for line in printed]
    assert [event["event"] for event in events] == [
        "request", "ours", "another's", "log.lost", "request", "ours", "another's",
    ]  # fmt: skip
    assert (events[3]["level"], events[3]["lines"]) == ("warning", 6)
    assert events[3]["timestamp"] <= events[5]["timestamp"]


def test_a_line_that_was_written_in_part_ends_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    # A pipe that holds a page, and whose writer does not wait.
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4_096)
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb", buffering=0) as reader, os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        logs.configure()
        structlog.get_logger().info("x" * 6_000)
        structlog.get_logger().info("lost")
        torn = reader.read(65_536)
        structlog.get_logger().info("whole")
        first, *others = reader.read(65_536).splitlines()
    assert torn.startswith(b'{"event":"xxx')
    assert len(torn) == 4_096
    assert first == b""
    assert [orjson.loads(line)["event"] for line in others] == ["log.lost", "whole"]
    assert orjson.loads(others[0])["lines"] == 2


def test_a_reader_that_has_gone_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        logs.configure()
        log_three()
