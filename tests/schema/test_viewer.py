"""What the graph says of who asks."""

from schema.requests.printed import printed_schema
from tests.support.api import Org
from tests.support.domains import ALL

READ = "{ viewer { knownScopes key { scopes } } }"


async def test_known_scopes_are_those_that_open_something(acme: Org) -> None:
    viewer = (await acme.data(READ))["viewer"]
    known = viewer["knownScopes"]
    of_domains = {f"{case.scope}:read" for case in ALL.values()}
    of_domains |= {f"{case.scope}:write" for case in ALL.values() if not case.read_only}
    assert known == sorted({"*", "messages:internal", *of_domains})
    assert viewer["key"]["scopes"] == ["*"]
    in_the_schema = {part.split('"')[0] for part in printed_schema().split('@requires(scope: "')[1:]}
    assert in_the_schema == {scope for scope in known if scope not in ("*", "messages:internal")}


async def test_every_known_scope_can_be_given_to_a_key_that_then_shows_it(acme: Org) -> None:
    for scope in (await acme.data(READ))["viewer"]["knownScopes"]:
        holder = acme.holding(await acme.new_key(scope))
        assert (await holder.data(READ))["viewer"]["key"]["scopes"] == [scope]
        await holder.http.aclose()
