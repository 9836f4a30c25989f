"""Documents and variables that want the guard, rather than the executor, to work hard."""

from collections.abc import Iterable
from typing import Any

from graphql import get_introspection_query

ALL_TYPES = """types { name fields { name args { name type { name ofType { name } } } type { name ofType { name } } }
  inputFields { name type { name } } enumValues { name } possibleTypes { name } }"""
FILTERED = "query($f: ClientFilter) { clients(filter: $f) { nodes { id } } }"
NODES = "query($i: [ID!]!) { nodes(ids: $i) { id } }"
CLIENT = "mutation($i: CreateClientInput!) { createClient(input: $i) { client { id } } }"
MESSAGE = "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }"


def many(what: str, number: int, start: int = 0) -> str:
    """Some text again and again, each time with another number for its ``#``."""
    return " ".join(what.replace("#", str(index)) for index in range(start, number))


def _clients(inner: str) -> str:
    return "{ clients { nodes { " + inner + " } } }"


def _nested(level: Any, wrap: Any, levels: int) -> Any:
    for _ in range(levels):
        level = wrap(level)
    return level


def _doubling(names: Iterable[str]) -> str:
    text = "id"
    for name in names:
        text = f"{name} {{ {text} {text} }}"
    return "{ " + text + " }"


MERGES = {
    "one field 1,990 times": _clients("id " * 1_990),
    "one field in 480 fragments": _clients("... { id } " * 480),
    "one field in 300 typed fragments":
        "{ nodes(ids: []) { " + "... on Client { id } ... on Order { id } " * 150 + "} }",
    "an object 200 times": "{ " + "clients { nodes { id } } " * 200 + "}",
    "an object below 200 times": _clients("orders { nodes { id } } " * 200),
    "600 conflicting aliases": _clients("a: id a: name " * 300),
    "180 conflicting arguments": _clients(many("orders(first: #) { totalCount }", 180)),
    "180 fragments in one place": _clients(many("...f#", 180)) + many("fragment f# on Client { id }", 180),
    "90 fragments of fragments": _clients(many("...f#", 90)) + many(
        "fragment f# on Client { orders { ...g# } } fragment g# on OrderConnection { totalCount }", 90
    ),
    "150 fragments in a row": _clients("...f150") + "fragment f0 on Client { id }" + " ".join(
        f"fragment f{n} on Client {{ id name ...f{n - 1} }}" for n in range(1, 151)
    ),
    "120 fragments, each twice": _clients("...f120") + "fragment f0 on Client { id }" + " ".join(
        f"fragment f{n} on Client {{ ...f{n - 1} ...f{n - 1} id }}" for n in range(1, 121)
    ),
    "30 fragments, each in all before": _clients("...f30") + "fragment f0 on Client { id }" + " ".join(
        f"fragment f{n} on Client {{ {many('...f#', n)} id }}" for n in range(1, 31)
    ),
    "doubled at each of 8 levels": _doubling(
        ["client", "nodes", "orders", "client", "nodes", "orders", "nodes", "clients"]
    ),
}  # fmt: skip
UNKNOWN = {
    "1,900 unknown roots": "{ " + many("client#", 1_900) + " }",
    "1,900 unknown fields": _clients(many("createdA#", 1_900)),
    "20 unknown fields of 700 letters": _clients(many("n" * 700 + "#", 20)),
    "600 unknown arguments": _clients("orders(" + many("firs#: 1", 600) + ") { totalCount }"),
    "240 unknown types": "{ ...f0 } " + many("fragment f# on Clien# { id }", 240),
    "1,900 unknown enums": "{ clients(filter: {status: {in: [" + "LEADD " * 1_900 + "]}}) { totalCount } }",
    "600 unknown input fields": "{ clients(filter: {" + many("statu#: 1", 600) + "}) { totalCount } }",
    "30 unknown input fields of 500 letters": "{ clients(filter: {" + many("s" * 500 + "#: 1", 30) + "}) { id } }",
    "480 unknown variables": _clients("orders(" + many("first: $x#", 480) + ") { totalCount }"),
    "48 unknown directives": _clients(many("id @inclu#", 48)),
    "480 unused variables": "query(" + many("$a#: Int", 480) + ") { health { status } }",
    "240 defaults": "query(" + many("$a#: ClientFilter = {}", 240) + ") { health { status } }",
    "a variable of 50 lists": f"query($a: {'[' * 50}Int{']' * 50}) {{ clients(first: $a) {{ totalCount }} }}",
    "240 operations": many("query q# { health { status } }", 240),
    "330 operations of one name": "query q { a } " * 330,
    "600 operations without a name": "{ a } " * 600,
}
LETTERS = {
    "a list of 50 lists": f"{{ nodes(ids: {'[' * 50}1{']' * 50}) {{ id }} }}",
    "15,000 lines": '{ client(id: """' + "\n" * 15_000 + '""") { id } }',
    "160 indented lines": '{ client(id: """' + "\n".join(" " * n for n in range(160)) + 'x""") { id } }',
    "3,900 quotes in a block": '{ client(id: """' + '\\"""' * 3_900 + '""") { id } }',
    "a block that ends early": '{ client(id: """' + '"' * 15_000 + '") { id } }',
    "1,900 empty texts": "{ nodes(ids: [" + '""' * 1_900 + "]) { id } }",
    "7,900 escapes": '{ client(id: "' + "\\n" * 7_900 + '") { id } }',
    "1,700 braced escapes": '{ client(id: "' + "\\u{1F600}" * 1_700 + '") { id } }',
    "7,900 comments": "{ health { status } " + "#\n" * 7_900 + " }",
    "16,000 marks of order": "{ health { status } " + "\ufeff" * 15_900 + " }",
    "5,000 families": '{ client(id: "' + "\U0001f468\u200d" * 5_000 + '") { id } }',
    "null bytes alone": "\x00" * 16_000,
}
ABOUT = {
    "all types 29 times": "{ __schema { " + many(f"a#: {ALL_TYPES}", 29) + " } }",
    "the schema 20 times": "{ " + many("a#: __schema { ...T }", 20) + f" }} fragment T on __Schema {{ {ALL_TYPES} }}",
    "the types of all fields 25 times": "{ __schema { types { fields { "
    + many("a#: type { ofType { fields { name args { name type { name } } } } }", 25)
    + " } } } }",
    "one type 20 times": "{ " + many('a#: __type(name: "Query") { fields { args { type { name } } } }', 20) + " }",
    "the standard query twice": get_introspection_query(descriptions=False).replace(
        "__schema {", f"a: __schema {{ {ALL_TYPES} }} b: __schema {{", 1
    ),
}
ORDER = "id number quantity unitPrice total currency status dueAt notes tags metadata createdAt updatedAt version"


def unfolded(levels: int, roots: int, *, threads: bool = True) -> str:
    """Orders whose client and service could come with them, but for what is asked of those, level upon level."""
    again = "orders(first: 1) { nodes { ...o# } }"
    ways = f"client {{ name {again} }} service {{ {again} }}"
    if threads:
        ways += " messages(first: 1) { nodes { order { ...o# } } }"
    fragments = [
        f"fragment o{level} on Order {{ {ORDER} {ways.replace('#', str(level - 1)) if level else ''} }}"
        for level in range(levels + 1)
    ]
    return "{ " + many(f"a#: orders(first: 1) {{ nodes {{ ...o{levels} }} }}", roots) + " } " + " ".join(fragments)


def chained(length: int, last: str = "id", head: str = "") -> str:
    """Fragments, each of which leads from a client to a client and spreads the next one there."""
    chain = " ".join(
        f"fragment f{number} on Client{{orders{{nodes{{client{{...f{number + 1}}}}}}}}}" for number in range(length)
    )
    return f"{{ clients {{ nodes {{ ...f0{head} }} }} }} {chain} fragment f{length} on Client {{ {last} }}"


def in_a_row(length: int) -> str:
    """Fragments that hold nothing but the next one."""
    chain = " ".join(f"fragment f{number} on Query {{ ...f{number + 1} }}" for number in range(length))
    return f"{{ ...f0 }} {chain} fragment f{length} on Query {{ __typename }}"


def inline(length: int, levels: int, last: str = "__typename") -> str:
    """Fragments in a row, in each of which many selections without a name or a type lie within each other."""
    deep, ends = "...{" * levels, "}" * levels
    chain = " ".join(f"fragment f{number} on Query{{{deep}...f{number + 1}{ends}}}" for number in range(length))
    return f"{{...f0}} {chain} fragment f{length} on Query {{ {last} }}"


EVERY = (
    "... on Client { id name email } ... on Order { " + ORDER + " client { id orders(first: 1) { nodes { id } } } }"
    " ... on Service { id name price orders(first: 1) { nodes { id client { id } } } } ... on Message { id body"
    " order { id client { id } } } ... on WebhookEndpoint { id url deliveries(first: 1) { nodes { id } } } ...N"
)
INCLUDED = [f"v{index}" for index in range(9)]


def included(number: int) -> str:
    """Lists that variables include, as many as there are variables."""
    declared = ", ".join(f"${name}: Boolean!" for name in INCLUDED[:number])
    lists = [f"{name}: clients @include(if: ${name}) {{ nodes {{ id orders(first: 1) {{ nodes {{ {ORDER} }} }} }} }}"
             for name in INCLUDED[:number]]  # fmt: skip
    return f"query({declared}) {{ {' '.join(lists)} }}"


EXPANDED = {
    "objects that do not come with their parents, 4 levels": unfolded(4, 5),
    "objects that do not come with their parents, 20 times": unfolded(3, 20),
    "objects that do not come with their parents, both ways": unfolded(4, 20, threads=False),
    "objects that do not come with their parents, as many as may": unfolded(2, 4),
    "objects that do not come with their parents, as deep as may be": unfolded(4, 1, threads=False),
    "every type 10 times by ids": "{ " + many(f"a#: nodes(ids: []) {{ {EVERY} }}", 10) + " } fragment N on Node { id }",
    "every type 8 times by id": "{ " + many(f'a#: node(id: "x") {{ {EVERY} }}', 8) + " } fragment N on Node { id }",
    "98 fragments in a row": in_a_row(98),
    "240 fragments in a row": in_a_row(240),
    "40 fragments of four levels": chained(40),
    "a cycle of 40 fragments of four levels": chained(40, "...f0"),
    "9 fragments of 50 levels": inline(9, 50),
    "12 fragments of 50 levels, in a cycle": inline(12, 50, "...f0"),
    "60 fragments that are skipped": chained(60, head=" @skip(if: true)"),
    "60 fragments that nobody spreads": "{ health { status } } " + chained(60).partition("} } } ")[2],
}
VARIABLES: dict[str, tuple[str, Any]] = {
    "8 lists that variables include": (included(8), dict.fromkeys(INCLUDED[:8], True)),
    "9 lists that variables include": (included(9), dict.fromkeys(INCLUDED, True)),
    "20,000 unknown variables": ("{ health { status } }", {f"x{n}": 1 for n in range(20_000)}),
    "20,000 unknown fields": (FILTERED, {"f": {f"x{n}": 1 for n in range(20_000)}}),
    "25,000 ids": (NODES, {"i": ["order_x"] * 25_000}),
    "80,000 objects for ids": (NODES, {"i": [{}] * 80_000}),
    "50,000 nulls for ids": (NODES, {"i": [None] * 50_000}),
    "100 filters 240 deep": (FILTERED, {"f": {"and": [_nested({}, lambda of: {"not": of}, 240)] * 100}}),
    "a filter 900 deep through orders": (FILTERED, {"f": _nested({}, lambda of: {"orders": {"client": of}}, 450)}),
    "lists 900 deep": (FILTERED, {"f": _nested([], lambda of: [of], 900)}),
    "80,000 alternatives": (FILTERED, {"f": {"or": [{}] * 80_000}}),
    "54,000 nested alternatives": (FILTERED, {"f": {"or": [{"or": [{"or": [{}] * 30}] * 30}] * 60}}),
    "1,490 alternatives": (FILTERED, {"f": {"or": [{}] * 1_490}}),
    "20,000 wrong alternatives": (FILTERED, {"f": {"or": [{"x": 1}] * 20_000}}),
    "30,000 wrong enums": (FILTERED, {"f": {"status": {"in": ["LEADX"] * 30_000}}}),
    "8,000 wrong times": (FILTERED, {"f": {"or": [{"createdAt": {"gt": "x"}}] * 8_000}}),
    "490 times": (FILTERED, {"f": {"or": [{"createdAt": {"gt": "2020-01-01T00:00:00Z"}}] * 490}}),
    "a search of 120,000 words": (FILTERED, {"f": {"search": "x " * 120_000}}),
    "50,000 tags": (CLIENT, {"i": {"name": "x", "email": "x@example.com", "tags": ["x"] * 50_000}}),
    "80,000 wrong tags": (CLIENT, {"i": {"name": "x", "email": "x@example.com", "tags": [1] * 80_000}}),
    "1,400 wrong tags": (CLIENT, {"i": {"name": "x", "email": "x@example.com", "tags": [1] * 1_400}}),
    "15,000 facts": (CLIENT, {"i": {"name": "x", "email": "x@y.z", "metadata": {str(n): 1 for n in range(15_000)}}}),
    "15,000 unknown inputs": (CLIENT, {"i": {f"a{n}": 1 for n in range(15_000)}}),
    "a name of 250,000 letters": (CLIENT, {"i": {"name": "x" * 250_000, "email": "x@example.com"}}),
    "100,000 accents": (CLIENT, {"i": {"name": "a" + "\u0301" * 100_000, "email": "x@example.com"}}),
    "an address of 50,000 domains": (CLIENT, {"i": {"name": "x", "email": "a@" + "b." * 50_000}}),
    "250,000 at signs": (CLIENT, {"i": {"name": "x", "email": "@" * 250_000}}),
    "490 attachments": (
        MESSAGE, {"i": {"orderId": "order_x", "body": "x", "attachments": [{"name": "", "url": "x"}] * 490}},
    ),
    "80,000 empty attachments": (MESSAGE, {"i": {"orderId": "order_x", "body": "x", "attachments": [{}] * 80_000}}),
}  # fmt: skip
HOSTILE: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (text, {}) for part in (MERGES, UNKNOWN, LETTERS, ABOUT, EXPANDED) for name, text in part.items()},
    **VARIABLES,
}
