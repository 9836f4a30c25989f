"""What refers to an object that can be deleted keeps it from that by a reason of its own."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import resolvers
from models.base import metadata
from resolvers.collections.collection import COLLECTIONS, Collection
from schema.operations import OPERATIONS


def _calls(module: ModuleType, name: str) -> list[ast.Call]:
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    return [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == name]


def _collection(module: ModuleType, argument: ast.expr) -> Collection:
    found = getattr(module, ast.unparse(argument))
    assert isinstance(found, Collection)
    return found


def _deleted() -> Iterator[tuple[str, ModuleType]]:
    """The collections whose rows can be deleted, each with the module that does."""
    for info in pkgutil.walk_packages(resolvers.__path__, "resolvers."):
        module = importlib.import_module(info.name)
        for call in _calls(module, "begin_edit"):
            if any(keyword.arg == "deletes" for keyword in call.keywords):
                yield _collection(module, call.args[1]).name, module


DELETED = dict(_deleted())


def _referring(table: str) -> set[tuple[str, str]]:
    """The collections whose rows refer to a table, and are not deleted with its rows, each with its column."""
    owners = {each.table.name: each.name for each in COLLECTIONS.values()}
    keys = {
        (owners[other.name], next(column.name for column in key.columns if column.name != "org_id"))
        for other in metadata.tables.values()
        for key in other.foreign_key_constraints
        if key.referred_table.name == table and key.ondelete is None and other.name in owners
    }
    # Where the key leads to a part of the table's rows, the column says which rows it means.
    return keys | {
        (name, column.name)
        for other, name in owners.items()
        for column in metadata.tables[other].columns
        if column.info.get("refers_to") == table
    }


def _named(module: ModuleType) -> set[tuple[str, str]]:
    """The collections that a module names as what keeps its objects, each with its column."""
    found = {
        (_collection(module, call.args[0]).name, str(ast.literal_eval(call.args[1])))
        for call in _calls(module, "Restrict")
    }
    return found | {(each.name, "client_id") for each in getattr(module, "HISTORY", ())}


def test_every_collection_with_an_operation_that_deletes_is_found() -> None:
    types = {name.removeprefix("Delete") for name in OPERATIONS if name.startswith("Delete")}
    of_type = {each.resource.type_name.removesuffix("Endpoint"): each for each in COLLECTIONS.values()}
    # Rows that are kept when they are deleted can be referred to for ever.
    assert DELETED.keys() == {of_type[name].name for name in types if not of_type[name].keeps_deleted}


@pytest.mark.parametrize("name", DELETED)
def test_each_collection_that_refers_to_an_object_is_named_where_it_is_deleted(name: str) -> None:
    referring, named = _referring(COLLECTIONS[name].table.name), _named(DELETED[name])
    assert named == referring, (
        f"what `remove` of {DELETED[name].__name__} names is not what refers: see Restrict, and HISTORY of clients"
    )
