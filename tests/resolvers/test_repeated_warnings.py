"""What warns again and again is a line a minute."""

import structlog

from resolvers.repeated_warnings import RepeatedWarning


def test_a_line_a_minute_with_how_many_there_were() -> None:
    moments = iter([1_000.0, 1_001.0, 1_059.9, 1_060.0, 1_060.1])
    failed = RepeatedWarning("look.failed", "failures", lambda: next(moments))
    with structlog.testing.capture_logs() as logged:
        for number in range(5):
            failed.note(error=f"away {number}")
    assert logged == [
        {"event": "look.failed", "log_level": "warning", "error": "away 0", "failures": 1},
        {"event": "look.failed", "log_level": "warning", "error": "away 3", "failures": 3},
    ]
