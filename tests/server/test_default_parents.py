"""The parents of webhooks that a process has by default."""

import pytest

from server.settings import Settings, load
from tests.support.settings import NEEDED


def test_the_parents_by_default_are_ones_that_may_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    by_default = Settings.model_fields["webhook_parents"].default
    for name, value in {**NEEDED, "WEBHOOK_PARENTS": ",".join(by_default)}.items():
        monkeypatch.setenv(name, value)
    assert load(Settings).webhook_parents == by_default
