"""Situations that an executor must be right in: a schema, a root value, a document, and the answer by hand."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

Messages = list[tuple[str, list[str | int]]]


@dataclass
class Situation:
    """What is asked of what, and what must come of it: data, and the errors in any order."""

    sdl: str
    root: Any
    text: str
    data: Any
    errors: Messages = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    name: str | None = None


def gives(value: Any) -> Callable[..., Any]:
    """A resolver that gives a value."""
    return lambda _info, **_args: value


def raises(message: str) -> Callable[..., Any]:
    """A resolver that raises."""

    def resolve(_info: Any, **_args: Any) -> Any:
        raise ValueError(message)

    return resolve


def later(value: Any) -> Callable[..., Any]:
    """A resolver whose value, or exception, must be awaited."""

    async def resolve(_info: Any, **_args: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    return resolve


async def _streamed(*values: Any) -> Any:
    for value in values:
        yield value


def null_at(type_: str) -> str:
    """The error of a null where there must be none."""
    return f"Cannot return null for non-nullable field {type_}."


NESTED = "type Query { n: Query, nn: Query!, s: String, sn: String! }"
DEEP = {"n": {"nn": {"nn": {"sn": None, "s": "x"}}, "s": "y"}, "s": "z"}
LISTS = "type Query { l: [Int], ln: [Int!], nl: [Int]!, nln: [Int!]!, ll: [[Int]], lnln: [[Int!]!] }"
DIRECTED = "type Query { a: String, b: String }"
AB = {"a": "a", "b": "b"}

NULLS: dict[str, Situation] = {
    "a null in a nullable place stays there": Situation(
        NESTED, {"n": None, "s": None}, "{ n { s } s }", {"n": None, "s": None}
    ),
    "a null rises past all that must not be null": Situation(
        NESTED,
        DEEP,
        "{ n { nn { nn { sn s } } s } s }",
        {"n": None, "s": "z"},
        [(null_at("Query.sn"), ["n", "nn", "nn", "sn"])],
    ),
    "a null of the root is the whole answer": Situation(
        NESTED, {"sn": None, "s": "x"}, "{ s sn }", None, [(null_at("Query.sn"), ["sn"])]
    ),
    "a failure where null may stand": Situation(
        NESTED,
        {"s": raises("no"), "n": {"s": later(ValueError("later"))}},
        "{ s n { s } }",
        {"s": None, "n": {"s": None}},
        [("no", ["s"]), ("later", ["n", "s"])],
    ),
    "a failure that rises leaves its neighbours": Situation(
        NESTED,
        {"n": {"sn": later(ValueError("no")), "s": later("x")}, "nn": {"sn": "y"}},
        "{ n { s sn } nn { sn } }",
        {"n": None, "nn": {"sn": "y"}},
        [("no", ["n", "sn"])],
    ),
    "one of our errors keeps its words and what it carries": Situation(
        NESTED, {"s": later(GraphQLError("so", extensions={"code": "SO"}))}, "{ s }", {"s": None}, [("so", ["s"])]
    ),
    "an exception that is a value": Situation(
        NESTED,
        {"s": gives(ValueError("given")), "n": ValueError("held")},
        "{ s n { s } }",
        {"s": None, "n": None},
        [("given", ["s"]), ("held", ["n"])],
    ),
    "an awaited object of awaited fields": Situation(
        NESTED,
        {"nn": later({"nn": later({"sn": later("x"), "s": None})})},
        "{ nn { nn { sn s } } }",
        {"nn": {"nn": {"sn": "x", "s": None}}},
    ),
}
OF_LISTS: dict[str, Situation] = {
    "each shape of list with a null in it": Situation(
        LISTS,
        {"l": [1, None], "ln": [1, None], "nl": [1, None], "ll": [[1, None], None], "lnln": [[1], [None]]},
        "{ l ln nl ll lnln }",
        {"l": [1, None], "ln": None, "nl": [1, None], "ll": [[1, None], None], "lnln": None},
        [(null_at("Query.ln"), ["ln", 1]), (null_at("Query.lnln"), ["lnln", 1, 0])],
    ),
    "a null in a list that must have none": Situation(
        LISTS, {"nln": [1, None], "l": []}, "{ l nln }", None, [(null_at("Query.nln"), ["nln", 1])]
    ),
    "items that fail": Situation(
        LISTS,
        {"l": [1, ValueError("x"), 3], "ll": [[ValueError("y")], [2]]},
        "{ l ll }",
        {"l": [1, None, 3], "ll": [[None], [2]]},
        [("x", ["l", 1]), ("y", ["ll", 0, 0])],
    ),
    "items that must be awaited": Situation(
        LISTS,
        {"l": lambda _: [later(1)(None), 2, later(ValueError("x"))(None)], "lnln": lambda _: [later([3])(None)]},
        "{ l lnln }",
        {"l": [1, 2, None], "lnln": [[3]]},
        [("x", ["l", 2])],
    ),
    "whatever can be gone through": Situation(
        LISTS,
        {
            "l": lambda _: (n for n in (1, 2)),
            "ln": deque([3]),
            "nl": {4},
            "ll": ((5,), range(2)),
            "nln": lambda _: _streamed(6),
        },
        "{ l ln nl ll nln }",
        {"l": [1, 2], "ln": [3], "nl": [4], "ll": [[5], [0, 1]], "nln": [6]},
    ),
    "what is no list": Situation(
        LISTS,
        {"l": "12", "ln": 5},
        "{ l ln }",
        {"l": None, "ln": None},
        [(f"Expected Iterable, but did not find one for field 'Query.{name}'.", [name]) for name in ("l", "ln")],
    ),
    "items of a wrong type": Situation(
        LISTS,
        {"l": [1, "x", 2.0, True]},
        "{ l }",
        {"l": [1, None, 2, 1]},
        [("Int cannot represent non-integer value: 'x'", ["l", 1])],
    ),
}
DIRECTIVES: dict[str, Situation] = {
    f"skip {skip}, include {include} on a {place}": Situation(
        DIRECTED,
        AB,
        text.replace("@", "@skip(if: $s) @include(if: $i)") + tail,
        {"a": "a", "b": "b"} if include and not skip else {"a": "a"},
        [],
        {"s": skip, "i": include},
    )
    for skip in (True, False)
    for include in (True, False)
    for place, text, tail in (
        ("field", "query($s: Boolean!, $i: Boolean!) { a b @ }", ""),
        ("fragment", "query($s: Boolean!, $i: Boolean!) { a ... on Query @ { b } }", ""),
        ("fragment without a type", "query($s: Boolean!, $i: Boolean!) { a ... @ { b } }", ""),
        ("spread", "query($s: Boolean!, $i: Boolean!) { a ...F @ }", " fragment F on Query { b }"),
    )
}
