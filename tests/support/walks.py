"""Objects on walks through the states of their machine, with a model beside each of what it must be."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st

from models.enums import DescribedEnum
from models.machines import Guard, Machine, Requirement, Transition
from models.typeid import decode, prefix_of
from schema.declaration.moments import shown_moment
from tests.support.api import Org

# A step: a state to ask for, with or without what that requires; the transition at an index among those from the
# present state; or something else that happens, by the name of its method.
Step = tuple[str, Any]


def _ahead() -> str:
    return shown_moment((datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0))


# What a request brings for each requirement of a transition: the field, and its value.
BRINGS: Mapping[Requirement, tuple[str, Callable[[], str]]] = {
    Requirement.REASON: ("statusReason", lambda: "No longer wanted"),
    Requirement.SNOOZED_UNTIL: ("snoozedUntil", _ahead),
}


class Walk:
    """One new object and its model. A domain says which machine it walks, what else happens on the way, what blocks a
    transition, and which fields are set where; the rest follows from the machine."""

    machine: ClassVar[Machine[Any]]
    happens: ClassVar[tuple[str, ...]] = ()
    # What a refusal names.
    field: ClassVar[str] = "status"
    # The states that no walk comes to, each with the reason.
    elsewhere: ClassVar[Mapping[DescribedEnum, str]] = {}

    def __init__(self, org: Org, path: str, key: str, name: str) -> None:
        self.org, self.path, self.key, self.name = org, f"{path}/{key}", key, name
        self.status: DescribedEnum = self.machine.transitions[0].origin
        self.version = 1

    async def begin(self) -> None:
        """Make object and organization as the model believes them to be."""

    def blocked(self, transition: Transition[Any]) -> Guard | None:
        """What blocks a transition from the present state."""
        return None

    def transitioned(self, transition: Transition[Any]) -> None:
        """Take note of a transition that was made."""

    def is_set(self) -> Mapping[str, bool]:
        """Fields of the object, and whether they have a value."""
        return {}

    @classmethod
    def steps(cls) -> st.SearchStrategy[list[Step]]:
        """Walks; more of their steps can be made than cannot."""
        legal = st.tuples(st.just("transition"), st.integers(0, 20))
        asked = st.tuples(
            st.sampled_from(["ask", "ask without"]), st.sampled_from([*cls.machine.states.__members__.values()])
        )
        other = [st.tuples(st.just("happens"), st.sampled_from(cls.happens))] if cls.happens else []
        return st.lists(st.one_of(legal, legal, asked, *other), min_size=6, max_size=16)

    def ways(self) -> Mapping[DescribedEnum, list[Step]]:
        """The shortest way from the present state to each one that can be asked for."""
        found: dict[DescribedEnum, list[Step]] = {self.status: []}
        for origin in (waiting := [self.status]):
            for transition in self.machine.leaving(origin):
                if transition.target not in found and self.blocked(transition) is None:
                    found[transition.target] = [*found[origin], ("ask", transition.target)]
                    waiting.append(transition.target)
        return found

    async def take(self, step: Step) -> None:
        """Take a step, and hold what follows to the model."""
        word, what = step
        if word == "happens":
            await getattr(self, what)()
        elif word == "transition":
            leaving = self.machine.leaving(self.status)
            if leaving:
                await self._asked(leaving[what % len(leaving)].target, complete=True)
        else:
            await self._asked(what, complete=word == "ask")
        await self.holds()

    async def ask(self, to: DescribedEnum, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask for a state over REST. Return the refusal, None where there is none."""
        answer = await self.org.http.put(self.path, json={"status": to, **given})
        if answer.status_code == 200:
            return None
        details: dict[str, Any] = answer.json()
        (error,) = details["errors"]
        return details | {"field": error["field"].removeprefix("body."), "reason": error["code"]}

    async def _asked(self, to: DescribedEnum, *, complete: bool) -> None:
        transition = self.machine.between(self.status, to)
        brings = [BRINGS[each] for each in transition.requires] if transition is not None else []
        refused = await self.ask(to, {name: value() for name, value in brings} if complete else {})
        details = None if refused is None else (refused["status"], refused["code"], refused["field"])
        block = None if transition is None else self.blocked(transition)
        if to is self.status:
            assert refused is None
        elif transition is None or block is not None:
            assert refused is not None
            assert details == (409, "INVALID_TRANSITION", self.field)
            free = [each.target for each in self.machine.leaving(self.status) if self.blocked(each) is None]
            assert (refused["allowed"], refused.get("blockedBy")) == (free, block)
        elif brings and not complete:
            assert refused is not None
            ((name, _),) = brings
            assert (details, refused["reason"]) == ((400, "BAD_INPUT", name), "REQUIRED")
        else:
            assert refused is None, refused
            self.status, self.version = to, self.version + 1
            self.transitioned(transition)

    async def holds(self) -> None:
        """The object is as its model, and says truly what it may become."""
        fields = " ".join(self.is_set())
        asked = f"status version {fields} availableTransitions {{ to allowed requires blockedBy {{ code }} }}"
        found = (await self.org.data(f"query($id: ID!) {{ {self.name}(id: $id) {{ {asked} }} }}", id=self.key))[
            self.name
        ]
        assert (found["status"], found["version"]) == (self.status, self.version)
        assert {name: found[name] is not None for name in self.is_set()} == self.is_set()
        listed = [
            (each["to"], each["allowed"], each["requires"], each["blockedBy"] and each["blockedBy"]["code"])
            for each in found["availableTransitions"]
        ]
        assert listed == [
            (transition.target, self.blocked(transition) is None, [*transition.requires], self.blocked(transition))
            for transition in self.machine.leaving(self.status)
        ]

    async def ends(self) -> None:
        """Each version has left one entry in the audit log."""
        (found,) = await self.rows("select count(*) as n from audit_entries where target_id = $1")
        assert found["n"] == self.version

    async def rows(self, sql: str) -> list[Any]:
        """What a statement finds of the object, whose key is $1."""
        return await self.org.rows(sql, decode(prefix_of(self.key), self.key))
