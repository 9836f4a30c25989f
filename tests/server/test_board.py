"""The example application `examples/board` in Chromium: it moves, hears, and says what blocks a move."""

import json
import shutil
from pathlib import Path

import pytest

from models.orders import OrderStatus
from server.dev.embedded import free_port
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.node import installed, run
from tests.support.orders import standing
from tests.support.repository import ROOT
from tests.support.tokens import new_member

BOARD = ROOT / "examples/board"
# Of a column.
PAGE = 50
NAMES = ("chromium", "chromium-browser", "google-chrome")


async def test_the_board_moves_hears_and_says_what_blocks(acme: Org, api: str, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip("CHROMIUM IS MISSING: the example application was not opened (.ci/run brings it)")
    await installed(BOARD, least=20, wanted="the example application")
    await run(BOARD, "npm", "run", "--silent", "build")
    await standing(acme, OrderStatus.DELIVERED)
    await acme.set_setting("orders.revisionLimit", 0)
    client, service = (await new_client(acme))["publicId"], (await new_service(acme))["publicId"]
    for _ in range(PAGE - 1):
        await new_order(acme, client, service)
    deleted, earlier, order = [await new_order(acme) for _ in range(3)]
    member = await new_member(acme, "ADMIN")
    said = await run(
        BOARD, "node", "try.mjs", COUNTERFOIL_URL=api, COUNTERFOIL_KEY=acme.key, COUNTERFOIL_MEMBER=member,
        ORDER=order["publicId"], EARLIER=earlier["publicId"], DELETED=deleted["publicId"],
        PORT=str(free_port()), CHROMIUM=browser, HOME=str(tmp_path),
    )  # fmt: skip
    seen = json.loads(said)
    name = f"{order['number']} Ada Lovelace"
    assert (seen["pending"], seen["moved"], seen["live"]) == (name, name, name)
    assert seen["said"] == ""
    assert seen["refused"].endswith("(REVISION_LIMIT)")
    # What was changed while no stream ran, and what is not there any more.
    assert (seen["gap"], seen["gone"]) == (f"{earlier['number']} Ada Lovelace", 1)
    # A page is shown at once, and the next when it is asked for.
    assert seen["loaded"] == [PAGE, PAGE + 2, 0]
    assert seen["built"] <= 40
    assert (seen["stayed"], seen["keys"]) == (1, 0)
    (warning,) = seen["console"]
    assert "Connection closed while having active streams" in warning
