"""Actors: who changes something, through what, and what the scopes of a key allow."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.enums import DescribedEnum
from models.resources import EVERYTHING


def allows(held: frozenset[str], needed: str) -> bool:
    """Return whether a key that holds these scopes may do what needs this one; write includes read."""
    if needed in held or EVERYTHING in held:
        return True
    resource, _, verb = needed.partition(":")
    return verb == "read" and f"{resource}:write" in held


def within(scopes: Iterable[str], held: frozenset[str]) -> frozenset[str]:
    """Return what of some scopes is left to who holds others: a scope of either side that the other one includes."""
    asked = frozenset(scopes)
    return frozenset({each for each in asked if allows(held, each)} | {each for each in held if allows(asked, each)})


def reduced(scopes: Iterable[str]) -> frozenset[str]:
    """Return scopes without those that others of them include."""
    held = frozenset(scopes)
    return frozenset(scope for scope in held if not allows(held - {scope}, scope))


def granting(needed: str) -> frozenset[str]:
    """Return the scopes of each of which ``allows`` says that it allows this one."""
    resource, _, verb = needed.partition(":")
    return frozenset({needed, EVERYTHING, *([f"{resource}:write"] if verb == "read" else ())})


class Source(DescribedEnum):
    """API, or part of the server, that a change came through."""

    GRAPHQL = "GRAPHQL", "The GraphQL API, also through a tool of MCP."
    REST = "REST", "The REST API."
    WORKER = "WORKER", "A worker, which runs jobs."
    PUBLIC = "PUBLIC", "A route that needs no API key."
    CLI = "CLI", "The command line."


class ActorKind(DescribedEnum):
    """Kind of actor."""

    KEY = "KEY", "An API key."
    JOB = "JOB", "A job of a worker, or an agent's job: its ID begins with `task_` or `job_`."
    MEMBER = "MEMBER", "A member of the staff, with an access token."
    CLIENT = "CLIENT", "A client, with an access token."
    PUBLIC = "PUBLIC", "Somebody without an API key."
    CLI = "CLI", "Somebody at the command line."


@dataclass(frozen=True, slots=True)
class Reserved:
    """What actors of some kinds may not ask for, whatever their scopes, and why. ``field`` is the argument that it is
    about, where it is about one. Who has the name ``unless`` may."""

    kinds: frozenset[ActorKind]
    why: str
    field: str | None = None
    unless: str | None = None


NOT_FOR_CLIENTS = frozenset({ActorKind.CLIENT})
STAFF_ONLY = Reserved(NOT_FOR_CLIENTS, "A client's access token may not ask for this: it is for the staff.")
NOT_FOR_TOKENS = Reserved(
    frozenset({ActorKind.MEMBER, ActorKind.CLIENT}), "An access token may not ask for this: it is for API keys."
)
KEYS_ONLY = Reserved(frozenset(ActorKind) - {ActorKind.KEY}, "An access token may not do this: it takes an API key.")


def only_staff_gives(field: str, unless: str | None = None) -> Reserved:
    """Return what a client may not give, unless it has a name: an argument, or the value that it has."""
    return Reserved(NOT_FOR_CLIENTS, "A client's access token may not give this: it is for the staff.", field, unless)


def scopes_among(needed: Iterable[str | Reserved]) -> frozenset[str]:
    """Return the scopes among what something needs."""
    return frozenset(each for each in needed if not isinstance(each, Reserved))
