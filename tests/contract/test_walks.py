"""Every object with a state machine, walked through its states at random: each step ends as its model says.

``WALKS`` asks for more of them.
"""

import os
from typing import Any

import pytest

from schema.graph import CORE
from tests.support.api import Org
from tests.support.cases import Case
from tests.support.domains import CASES
from tests.support.furnished import completed, furnish, made
from tests.support.made_up import made_up
from tests.support.walks import Walk

WALKS = int(os.environ.get("WALKS", "12"))
WALKED = [case for case in CASES.values() if case.walk is not None]


def test_each_machine_is_walked() -> None:
    types: dict[str, Any] = CORE.type_map
    having = {name for name, type_ in types.items() if "availableTransitions" in getattr(type_, "fields", {})}
    assert having == {case.type for case in WALKED}


@pytest.mark.parametrize("case", WALKED, ids=str)
async def test_an_object_is_as_its_model_wherever_it_goes(acme: Org, case: Case) -> None:
    assert case.walk is not None
    ids, path = await furnish(acme, case), next(iter(case.routes)).removeprefix("GET ")
    walked = set()

    async def begun() -> Walk:
        assert case.walk is not None
        key = await made(acme, case, completed(case, case.creates, ids, case.create))
        walk = case.walk(acme, path, key, case.name)
        await walk.begin()
        return walk

    ways = (await begun()).ways().values()
    for steps in [*ways, *made_up(case.walk.steps(), WALKS)]:
        walk = await begun()
        walked.add(walk.status)
        try:
            for step in steps:
                await walk.take(step)
                walked.add(walk.status)
            await walk.ends()
        except AssertionError as unlike:
            unlike.add_note(f"on the walk {steps}")
            raise
    assert walked == {*case.walk.machine.states.__members__.values()} - {*case.walk.elsewhere}
