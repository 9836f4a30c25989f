"""Situations of abstract types, of arguments and variables, and of what an operation is made of."""

from typing import Any

from tests.execution.situations import AB, DIRECTED, DIRECTIVES, NESTED, NULLS, OF_LISTS, Situation, later, null_at


def echo(_info: Any, **args: Any) -> str:
    """A resolver that tells its arguments."""
    return repr(args)


class Meters:
    """An object whose attributes and methods are fields."""

    length = 3

    def double(self, _info: Any, by: int = 2) -> int:
        return self.length * by

    async def slow(self, _info: Any) -> int:
        return self.length


PETS = """
type Query { pet: Pet, pets: [Pet], named: [Named!] }
interface Named { name: String }
interface Animal implements Named { name: String, legs: Int }
type Dog implements Animal & Named { name: String, legs: Int, barks: Boolean }
type Cat implements Named { name: String, meows: Boolean }
union Pet = Dog | Cat
"""
DOG = {"__typename": "Dog", "name": "Odie", "legs": 4, "barks": False}
CAT = {"__typename": "Cat", "name": "Garfield", "meows": later(True)}
ARGUED = """
type Query {
  f(a: Int, b: String = "b", c: Color, list: [Int!], in: In): String
  need(a: Int!): String
  fallback(a: Int! = 7): String
}
enum Color { RED, BLUE }
input In { a: Int = 1, b: [String], c: In, d: Int! }
"""
ROOT = {"f": echo, "need": echo, "fallback": echo}
WRONG_NULL = "Argument 'a' has invalid value: Expected variable '$a' provided to non-null type 'Int!' not to be None."
ABSTRACT: dict[str, Situation] = {
    "a union's types, each with its own fields": Situation(
        PETS,
        {"pets": [DOG, CAT, None]},
        "{ pets { __typename ... on Dog { barks } ... on Cat { meows } ... on Named { name } } }",
        {
            "pets": [
                {"__typename": "Dog", "barks": False, "name": "Odie"},
                {"__typename": "Cat", "meows": True, "name": "Garfield"},
                None,
            ]
        },
    ),
    "an interface of an interface": Situation(
        PETS,
        {"named": later([CAT, DOG])},
        "{ named { name ... on Animal { legs ... on Dog { barks } } } }",
        {"named": [{"name": "Garfield"}, {"name": "Odie", "legs": 4, "barks": False}]},
    ),
    "a type that the union has not": Situation(
        PETS,
        {"pet": {"__typename": "Query"}},
        "{ pet { __typename } }",
        {"pet": None},
        [("Runtime Object type 'Query' is not a possible type for 'Pet'.", ["pet"])],
    ),
    "a type that nobody knows rises out of its list": Situation(
        PETS,
        {"named": [DOG, {"__typename": "Fish"}]},
        "{ named { name } }",
        {"named": None},
        [("Abstract type 'Named' was resolved to a type 'Fish' that does not exist inside the schema.", ["named", 1])],
    ),
    "a null rises inside one object of many": Situation(
        PETS.replace("legs: Int", "legs: Int!"),
        {"pets": [DOG, DOG | {"legs": None}]},
        "{ pets { ... on Dog { legs } } }",
        {"pets": [{"legs": 4}, None]},
        [(null_at("Dog.legs"), ["pets", 1, "legs"])],
    ),
}

ARGUMENTS: dict[str, Situation] = {
    "arguments that are not given": Situation(
        ARGUED, ROOT, "{ f fallback }", {"f": "{'b': 'b'}", "fallback": "{'a': 7}"}
    ),
    "nulls as literals": Situation(ARGUED, ROOT, "{ f(a: null, b: null) }", {"f": "{'a': None, 'b': None}"}),
    "literals": Situation(
        ARGUED,
        ROOT,
        '{ f(a: 1, c: RED, list: 2, in: {d: 3, b: "x"}) }',
        {"f": "{'a': 1, 'b': 'b', 'c': 'RED', 'list': [2], 'in': {'a': 1, 'b': ['x'], 'd': 3}}"},
    ),
    "variables that are given, null, or absent": Situation(
        ARGUED,
        ROOT,
        "query($a: Int, $b: String, $c: Color, $d: Int = 5)"
        " { f(a: $a, b: $b, c: $c, in: {a: $a, d: 1, b: [$b]}) need(a: $d) }",
        {"f": "{'a': None, 'b': 'b', 'in': {'a': None, 'b': [None], 'd': 1}}", "need": "{'a': 5}"},
        [],
        {"a": None},
    ),
    "a variable's default, and a null in its place": Situation(
        ARGUED,
        ROOT,
        "query($a: Int = 4) { need(a: $a) fallback(a: $a) }",
        {"need": None, "fallback": None},
        [
            (
                WRONG_NULL,
                ["need"],
            ),
            (
                WRONG_NULL,
                ["fallback"],
            ),
        ],
        {"a": None},
    ),
    "objects as variables": Situation(
        ARGUED,
        ROOT,
        "query($in: In, $list: [Int!]) { f(in: $in, list: $list) }",
        {"f": "{'b': 'b', 'list': [1], 'in': {'a': 1, 'c': {'a': None, 'd': 1}, 'd': 2}}"},
        [],
        {"in": {"d": 2, "c": {"d": 1, "a": None}}, "list": 1},
    ),
}

NAMED: dict[str, Situation] = {
    "one of two operations": Situation(DIRECTED, AB, "query one { a } query two { b }", {"b": "b"}, name="two"),
    "the order is the document's, whatever comes first": Situation(
        DIRECTED,
        {"a": later("a"), "b": "b"},
        "{ x: a y: b z: a ...F } fragment F on Query { w: b x: a }",
        {"x": "a", "y": "b", "z": "a", "w": "b"},
    ),
    "attributes, methods and coroutines of an object": Situation(
        "type Query { m: M } type M { length: Int, double(by: Int): Int, slow: Int, none: Int }",
        {"m": Meters()},
        "{ m { length double x: double(by: 3) slow none __typename } }",
        {"m": {"length": 3, "double": 6, "x": 9, "slow": 3, "none": None, "__typename": "M"}},
    ),
    "merged from three places": Situation(
        NESTED,
        {"n": {"n": {"s": "x", "n": None}}},
        "{ n { n { s } } ...A ... { n { n { n { s } } } } } fragment A on Query { n { t: s n { u: s } } }",
        {"n": {"n": {"s": "x", "u": "x", "n": None}, "t": None}},
    ),
    "a mutation goes on after a failure that may be null": Situation(
        "type Query { a: Int } type Mutation { a: Int, b: Int, c: Int }",
        {"a": later(1), "b": later(ValueError("b")), "c": 3},
        "mutation { c a b d: a }",
        {"c": 3, "a": 1, "b": None, "d": 1},
        [("b", ["b"])],
    ),
}

SITUATIONS = NULLS | OF_LISTS | DIRECTIVES | ABSTRACT | ARGUMENTS | NAMED
