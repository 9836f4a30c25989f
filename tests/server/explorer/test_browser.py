"""GraphiQL and the reference in Chromium, with no network but the server: they take a key, answer, and load no more."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from server.explorer import BUILT
from server.explorer.pages import LICENCES
from tests.support.api import Org
from tests.support.node import installed, run
from tests.support.repository import ROOT

EXPLORER = ROOT / "explorer"
MEASURES = re.compile(r"status 200 · \d+ ms · cost \d+ of \d+ requested · \d+ SQL statements?")
NAMES = ("chromium", "chromium-browser", "google-chrome")
# The key is in its own item, which ends with the tab.
DRY_RUN = {
    "says": "Dry run Nothing was changed. 2 fields would change, 1 event would follow.",
    "events": ["client.updated"],
    "rows": [["company", "null", '"Analytical Engines Ltd"'], ["tags", "[]", '["engines"]']],
    "local": [],
    "hidden": [],
}
# Of scripts, workers and styles.
BUILT_IN = {"graphiql", "monaco-editor", "monaco-graphql", "react", "@vue/runtime-core", "@scalar/api-reference"}
KEPT = {"local": [], "session": ["counterfoil:key"]}


@pytest.fixture
async def chromium() -> str:
    """The path of the browser. Skips where it, Node or what `make explorer` builds is missing."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("CHROMIUM IS MISSING: the pages were not opened in a browser (.ci/run brings it)")
    if not (BUILT / "index.html").exists():
        pytest.skip("THE PAGES ARE NOT BUILT: they were not opened in a browser (`make explorer` builds them)")
    await installed(EXPLORER, least=20, wanted="the pages in a browser")
    return found


async def met(script: str, org: Org, api: str, chromium: str, home: Path) -> dict[str, dict[str, Any]]:
    """What a script of the browser met, in each of its windows."""
    out = await run(
        EXPLORER, "node", str(Path(__file__).with_name(script)),
        COUNTERFOIL_URL=api, COUNTERFOIL_KEY=org.key, CHROMIUM=chromium, HOME=str(home),
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = json.loads(out)
    assert found.keys() == {"wide", "narrow"}
    return found


async def test_graphiql_works_without_the_internet(acme: Org, api: str, chromium: str, tmp_path: Path) -> None:
    windows = await met("graphiql.mjs", acme, api, chromium, tmp_path)
    for found in windows.values():
        assert found["title"] == "Counterfoil GraphQL"
        assert found["refused"] == "The API key is not valid: it is unknown, was revoked or has expired."
        assert MEASURES.fullmatch(found["measures"])
        assert (found["answered"], found["elsewhere"]) == ([], [])
        assert found["before"] == 0
        assert found["kept"] == KEPT
        # The dry run was none of the changes: there was the other program's alone.
        assert found["dryRun"] == DRY_RUN
        assert found["unchanged"] == {"company": None, "version": 1}
        assert found["outOfReach"] == []
        assert found["prompted"] == {"outside": [], "taken": False, "back": "API key"}
        assert found["asksAgain"] is False
        assert {"API keys", "Live", "Orders"} <= {*found["domains"]}
    alike = windows["wide"]["alike"]
    assert (alike["heard"], alike["repeated"]) == ({"status": 200, "shown": False}, True)
    assert alike["pale"] == {"found": [], "hue": 158}
    assert {*alike["licences"]} >= BUILT_IN
    # Of the changes that were tried none was made; what was heard was made, and then repeated once with null.
    made = await acme.rows("select email, company, version from clients order by 1")
    assert [tuple(row) for row in made] == [("narrow@example.com", None, 1), ("wide@example.com", None, 3)]


async def test_the_reference_works_without_the_internet(acme: Org, api: str, chromium: str, tmp_path: Path) -> None:
    windows = await met("reference.mjs", acme, api, chromium, tmp_path)
    for found in windows.values():
        assert found["title"] == "Counterfoil REST API"
        assert (found["console"], found["elsewhere"], found["licences"]) == ([], [], f"/assets/{LICENCES}")
        query, variables = found["request"]
        assert query.startswith("mutation CreateClient($input: CreateClientInput!) {\n  createClient(")
        assert json.loads(variables)["input"]["name"] == "Ada Lovelace"
        assert "curl -s" in found["sample"]
        # The guide's commands are for this server.
        assert f"export URL={api}\n" in found["guide"]
        assert found["kept"] == KEPT
        # The document goes in the fragment, which no server sees, and the key in no address; what is opened waits.
        assert found["link"].startswith(f"{api}/graphql#query=mutation+CreateClient")
        assert acme.key not in found["link"]
        assert (found["address"], found["sent"]) == (f"{api}/graphql", [])
    assert [(found["width"], found["dark"]) for found in windows.values()] == [(1280, False), (390, True)]
