"""The guide's table of close codes has each with which a WebSocket ends."""

import re

from websockets.frames import CloseCode

from server.live import messages
from tests.support.repository import ROOT

# What the layers below the conversation close with: a wrong frame, a text that is none, too many, too long, a stop.
BELOW = {
    CloseCode.PROTOCOL_ERROR,
    CloseCode.INVALID_DATA,
    CloseCode.POLICY_VIOLATION,
    CloseCode.MESSAGE_TOO_BIG,
    CloseCode.SERVICE_RESTART,
}


def test_the_guide_has_each_close_code() -> None:
    guide = (ROOT / "docs/graph.md").read_text(encoding="utf-8")
    table = guide.split("| close code | why |\n|---|---|\n")[1].split("\n\n")[0]
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    ours = {value for value in vars(messages).values() if isinstance(value, int) and value >= CloseCode.NORMAL_CLOSURE}
    assert told == sorted(ours | BELOW)
