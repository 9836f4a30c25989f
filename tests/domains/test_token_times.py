"""How long access tokens work: at least as long as was asked for, in the whole seconds that a JWT has."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from resolvers.api_keys import access_tokens, token_creation, verification
from tests.support.api import Org, new_client
from tests.support.api_keys import new_api_key
from tests.support.clock import Clock
from tests.support.refusals import error
from tests.support.tokens import CREATE, WHO, sections_of

# Far enough away that nothing of it has ended by the clock of the library that reads tokens.
MOMENT = datetime(2099, 1, 1, 12, tzinfo=UTC)


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _works_until(holder: Org, monkeypatch: pytest.MonkeyPatch, still: datetime, ends: datetime) -> None:
    """A token works at one moment, and no more at another."""
    times = SimpleNamespace(now=lambda _: still)
    monkeypatch.setattr(verification, "datetime", times)
    assert (await holder.data(WHO))["viewer"]["clientId"]
    times.now = lambda _: ends
    assert error(await holder.graphql(WHO), 401, "UNAUTHENTICATED")["reason"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize("milliseconds", [0, 1, 380, 999])
@pytest.mark.parametrize("seconds", [1, 3_600])
async def test_a_token_works_as_long_as_was_asked_for(
    acme: Org, monkeypatch: pytest.MonkeyPatch, milliseconds: int, seconds: int
) -> None:
    client = (await new_client(acme))["publicId"]
    clock = Clock(MOMENT + timedelta(milliseconds=milliseconds)).read_by(monkeypatch, token_creation, access_tokens)
    given = {"clientId": client, "scopes": ["clients:read"], "expiresIn": seconds}
    payload = (await acme.data(CREATE, input=given))["createAccessToken"]
    ends = datetime.fromtimestamp(sections_of(payload["accessToken"])[1]["exp"], UTC)
    asked = clock.moment + timedelta(seconds=seconds)
    # Ours is cut to the millisecond, so that more may have passed than it says.
    assert asked < ends <= asked + timedelta(seconds=1)
    assert payload["expiresAt"] == _shown(ends)
    await _works_until(acme.holding(payload["accessToken"]), monkeypatch, asked, ends)


@pytest.mark.parametrize("milliseconds", [0, 1, 999])
async def test_a_token_works_as_long_as_its_key(acme: Org, monkeypatch: pytest.MonkeyPatch, milliseconds: int) -> None:
    client, ends = (await new_client(acme))["publicId"], MOMENT + timedelta(seconds=1, milliseconds=milliseconds)
    _, brief = await new_api_key(acme, expiresAt=_shown(ends))
    Clock(MOMENT).read_by(monkeypatch, token_creation, access_tokens)
    given = {"clientId": client, "scopes": ["clients:read"], "expiresIn": 60}
    payload = (await brief.data(CREATE, input=given))["createAccessToken"]
    assert payload["expiresAt"] == _shown(ends)
    await _works_until(acme.holding(payload["accessToken"]), monkeypatch, ends - timedelta(milliseconds=1), ends)
