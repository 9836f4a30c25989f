"""A clock for tests that move time: nothing of them waits, and what they expect is exact."""

from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace

import pytest


class Clock:
    """A clock that stands until a test moves it. Called, it returns the seconds since it was made."""

    def __init__(self, moment: datetime = datetime(2024, 1, 10, 12, tzinfo=UTC)) -> None:
        self.began = self.moment = moment

    def __call__(self) -> float:
        return (self.moment - self.began).total_seconds()

    def set(self, text: str) -> None:
        """Let it be a time in UTC."""
        self.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.moment += timedelta(seconds=seconds)

    def read_by(self, patch: pytest.MonkeyPatch, *modules: ModuleType) -> "Clock":
        """Let modules read it, those that call ``now`` and those that call ``time.monotonic``. Return it."""
        for module in modules:
            if hasattr(module, "now"):
                patch.setattr(module, "now", lambda: self.moment)
            if hasattr(module, "time"):
                patch.setattr(module, "time", SimpleNamespace(monotonic=self))
        return self
