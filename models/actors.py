"""Actors: who changes something, through what, and what the scopes of a key allow."""

from enum import StrEnum

from models.resources import EVERYTHING


def allows(held: frozenset[str], needed: str) -> bool:
    """Whether a key that holds these scopes may do what needs this one; write includes read."""
    if needed in held or EVERYTHING in held:
        return True
    resource, _, verb = needed.partition(":")
    return verb == "read" and f"{resource}:write" in held


class Source(StrEnum):
    """The API, or the part of ours, that a change came through."""

    GRAPHQL = "GRAPHQL"
    REST = "REST"
    WORKER = "WORKER"
    PUBLIC = "PUBLIC"
    CLI = "CLI"


class ActorKind(StrEnum):
    """Who acted."""

    KEY = "KEY"
    JOB = "JOB"
    MEMBER = "MEMBER"
    PUBLIC = "PUBLIC"
    CLI = "CLI"
