"""Whoever runs an operation may observe its levels."""

from collections.abc import Callable, Mapping

import strawberry

from execution import Executor


@strawberry.type
class Book:
    title: str

    @strawberry.field
    def broken(self) -> str | None:
        """Fail."""
        raise ValueError(self.title)


@strawberry.type
class Query:
    @strawberry.field
    def books(self) -> list[Book]:
        """Return two books."""
        return [Book(title="One"), Book(title="Two")]


async def _observed(text: str) -> list[object]:
    seen: list[object] = []

    def observe(depth: int, objects: Mapping[str, int]) -> Callable[[bool], object]:
        seen.append((depth, dict(objects)))
        return lambda failed: seen.append((depth, failed))

    executor = Executor(strawberry.Schema(Query))
    await executor.run(executor.prepare(text), observe=observe)
    return seen


async def test_levels_are_told_one_after_another_with_their_objects() -> None:
    assert await _observed("{ books { title } more: books { title } }") == [
        (0, {"Query": 1}), (0, False), (1, {"Book": 4}), (1, False),
    ]  # fmt: skip


async def test_a_level_fails_that_has_the_first_error() -> None:
    assert (await _observed("{ books { broken } }"))[1::2] == [(0, False), (1, True)]
