"""Compares the outcomes of two executors."""

import json
from collections.abc import Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

Reported = tuple[str, tuple[str | int, ...]]


def differences(ours: ExecutionResult, theirs: ExecutionResult, *, exact: bool = True) -> list[str]:
    """Return what differs in data, order of keys, messages or paths: an empty list where they are the same.

    Where a null propagates past several failures, which of them is reported depends on which was met first. Between
    executors that await in another order (not ``exact``) it is enough that each reports at least one of them.
    """
    found = []
    mine, other = json.dumps(ours.data, default=repr), json.dumps(theirs.data, default=repr)
    if mine != other:
        found.append(f"data: {mine} != {other}")
    left, right = _reported(ours.errors or ()), _reported(theirs.errors or ())
    if not exact:
        nulled = {place for path in [each[1] for each in left + right] if (place := _null(ours.data, path)) != path}
        left, right = _merged(ours.data, left, nulled), _merged(theirs.data, right, nulled)
    if left != right:
        found.append(f"errors: {left} != {right}")
    return found


def _reported(errors: Sequence[GraphQLError]) -> list[Reported]:
    return sorted(((error.message, tuple(error.path or ())) for error in errors), key=repr)


def _null(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the part of a path up to the null that it ends in."""
    for index, key in enumerate(path):
        if data is None:
            return path[:index]
        data = data[key]
    return path


def _merged(data: Any, reported: list[Reported], nulled: set[tuple[str | int, ...]]) -> list[Reported]:
    """Return errors as they are, and one for each null that propagated."""
    made = {
        ("null", place) if (place := _null(data, path)) in nulled else (message, path) for message, path in reported
    }
    return sorted(made, key=repr)
