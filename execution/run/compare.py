"""Holds one executor's answer against another's: what differs between them, in words."""

import json
from collections.abc import Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

Told = tuple[str, tuple[str | int, ...]]


def differences(ours: ExecutionResult, theirs: ExecutionResult, *, exact: bool = True) -> list[str]:
    """What differs in data, order of keys, messages or paths. Empty: the answers are the same.

    Where a null rises past several failures, which of them is told depends on which was met first. Between
    executors that await in another order (not ``exact``) it is enough that each tells at least one of them.
    """
    found = []
    mine, other = json.dumps(ours.data, default=repr), json.dumps(theirs.data, default=repr)
    if mine != other:
        found.append(f"data: {mine} != {other}")
    left, right = _told(ours.errors or ()), _told(theirs.errors or ())
    if not exact:
        risen = {place for path in [each[1] for each in left + right] if (place := _null(ours.data, path)) != path}
        left, right = _merged(ours.data, left, risen), _merged(theirs.data, right, risen)
    if left != right:
        found.append(f"errors: {left} != {right}")
    return found


def _told(errors: Sequence[GraphQLError]) -> list[Told]:
    return sorted(((error.message, tuple(error.path or ())) for error in errors), key=repr)


def _null(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The part of a path up to the null that it ends in."""
    for index, key in enumerate(path):
        if data is None:
            return path[:index]
        data = data[key]
    return path


def _merged(data: Any, told: list[Told], risen: set[tuple[str | int, ...]]) -> list[Told]:
    """Errors as they are, and one for each null that rose."""
    made = {("null", place) if (place := _null(data, path)) in risen else (message, path) for message, path in told}
    return sorted(made, key=repr)
