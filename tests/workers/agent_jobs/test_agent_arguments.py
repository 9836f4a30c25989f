"""Agents whose model sends arguments of another shape than a tool has."""

from typing import Any

from tests.support.agency import Agency
from tests.support.chat import calls, chatting, says

# A tool, arguments of another shape, and the answer to the model.
MISSHAPEN: list[tuple[str, Any, str]] = [
    ("write_plan", {"plan": "x", "why": "y"}, "It needs a plan"),
    ("write_plan", {"text": "x"}, "It needs a plan"),
    ("write_plan", ["x"], "It needs a plan"),
    ("write_plan", None, "It needs a plan"),
    ("ask_person", {"question": "x", "options": ["a"]}, "It needs a question"),
    ("ask_person", "x", "It needs a question"),
    ("ListClients", [1], "It needs its arguments as a JSON object"),
    ("ListClients", 1, "It needs its arguments as a JSON object"),
    *(("ListClients", {name: 1}, "There is no such argument") for name in ("ctx", "self", "name", "given", "work")),
]


async def test_arguments_of_another_shape_are_answered(agency: Agency) -> None:
    job = await agency.queued("ListClients")
    turns = calls(*[(name, sent) for name, sent, _ in MISSHAPEN])
    async with chatting(turns, says("Well.")) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["attempt"], row["plan"]) == ("SUCCEEDED", 1, None)
    told = [expected in text for text, (_, _, expected) in zip(chat.told(), MISSHAPEN, strict=True)]
    assert told == [True] * len(MISSHAPEN), chat.told()
