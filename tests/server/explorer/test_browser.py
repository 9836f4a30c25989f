"""GraphiQL in Chromium, with no network but the server: it opens, asks for a key, answers, and loads nothing else."""

import json
import re
import shutil
from pathlib import Path

import pytest

from server.explorer import BUILT
from tests.support.api import Org
from tests.support.node import installed, run
from tests.support.repository import ROOT

EXPLORER = ROOT / "explorer"
SCRIPT = Path(__file__).with_name("browser.mjs")
MEASURES = re.compile(r"status 200 · \d+ ms · cost \d+ of \d+ requested · \d+ SQL statements?")
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
async def chromium() -> str:
    """The path of the browser. Skips where it, Node or what `make explorer` builds is missing."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("CHROMIUM IS MISSING: GraphiQL was not opened in a browser (.ci/run brings it)")
    if not (BUILT / "index.html").exists():
        pytest.skip("GRAPHIQL IS NOT BUILT: it was not opened in a browser (`make explorer` builds it)")
    await installed(EXPLORER, least=20, wanted="GraphiQL in a browser")
    return found


async def test_graphiql_works_without_the_internet(acme: Org, api: str, chromium: str, tmp_path: Path) -> None:
    out = await run(
        EXPLORER, "node", str(SCRIPT),
        COUNTERFOIL_URL=api, COUNTERFOIL_KEY=acme.key, CHROMIUM=chromium, HOME=str(tmp_path),
    )  # fmt: skip
    met = json.loads(out)
    assert met.keys() == {"wide", "narrow"}
    for found in met.values():
        assert found["title"] == "Counterfoil GraphQL"
        assert found["refused"] == "The API key is not valid: it is unknown, was revoked or has expired."
        assert MEASURES.fullmatch(found["measures"])
        assert (found["answered"], found["elsewhere"]) == ([], [])
        assert found["before"] == 0
        assert (found["local"], found["kept"]) == ([], ["counterfoil:key"])
