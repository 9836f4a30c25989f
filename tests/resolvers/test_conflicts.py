"""Conflicts: a reason has one meaning, which is the message where nothing more is said."""

import pytest

from resolvers import errors
from resolvers.errors import Conflict


def test_a_reason_has_one_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "CONFLICTS", {})
    made = Conflict("HAS_PAGES", "The book has pages.")
    Conflict("HAS_PAGES", "The book has pages.")
    with pytest.raises(ValueError, match="the conflict HAS_PAGES means already: "):
        Conflict("HAS_PAGES", "The book is written.")
    assert errors.CONFLICTS == {"HAS_PAGES": "The book has pages."}
    refused = made.refusal("id")
    assert (refused.code, refused.status, refused.message) == ("CONFLICT", 409, "The book has pages.")
    assert refused.extensions() == {"code": "CONFLICT", "status": 409, "field": "id", "reason": "HAS_PAGES"}
    more = made.refusal(message="The book has 3 pages.", limit=3)
    assert (more.message, more.field, more.extra) == (
        "The book has 3 pages.",
        None,
        {"reason": "HAS_PAGES", "limit": 3},
    )
