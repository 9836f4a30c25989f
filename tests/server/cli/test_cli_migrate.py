"""What `migrate` says of a database into which a dump was restored."""

import pytest

from resolvers.database.runtime import Runtime
from tests.support.api import make_org
from tests.support.commands import environment, run
from tests.support.jobs import emit
from tests.support.restored import restore
from tests.support.servers import Backends

__all__ = ["environment"]

LINE = "the database is at the newest revision"

pytestmark = pytest.mark.usefixtures("logging_restored")


async def test_it_says_for_how_many_organizations_events_were_renumbered(
    environment: Backends, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [(await make_org(runtime, "http://unused")).id for _ in range(3)]
    for org in made:
        await emit(runtime, org)
    for which, said in ((made[:1], "1 organization"), (made[1:], "2 organizations")):
        restore(environment, 1_000_000, f"events.org_id = any('{{{','.join(map(str, which))}}}')")
        renumbered = f"{LINE}; events of a restored dump were renumbered for {said}\n"
        assert run(capsys, "migrate") == (0, renumbered, "")
        assert run(capsys, "migrate") == (0, f"{LINE}\n", "")


def test_its_help_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "migrate", "--help")
    assert (code, err) == (0, "")
    assert "renumber the events of a dump that was restored" in " ".join(out.split())
