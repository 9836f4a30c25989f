"""One module for each domain, which contributes its cases: whatever holds for every domain is tested with them."""

from importlib import import_module
from pkgutil import iter_modules

from tests.support.cases import Case


def _found() -> list[Case]:
    """Every domain's cases, each after those that it refers to."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    waiting: list[Case] = sorted((case for module in modules for case in module.CASES), key=lambda case: not case.hears)
    found: list[Case] = []
    while waiting:
        named = {case.name for case in waiting}
        ready = [case for case in waiting if not named & case.needs]
        assert ready, f"these refer to each other: {named}"
        found += ready
        waiting = [case for case in waiting if case not in ready]
    return found


# All of them; those that have objects with ids; those that have mutations that make one.
ALL = {case.name: case for case in _found()}
CASES = {name: case for name, case in ALL.items() if not case.single}
CREATED = {name: case for name, case in ALL.items() if case.creates}
