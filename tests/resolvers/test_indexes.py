"""Each order and each filter that a list offers has an index that serves it, by what tables and collections declare."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from models.base import IndexKey, keys_of
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.lists.infinities import LATEST
from schema.graph import CORE

# Lists of a parent's rows alone: the column that leads to it is the first of their indexes.
BELOW = {"steps": "job_id", "report_rows": "report_id"}
# Columns of which an expression is indexed: the index.
EXPRESSIONS = {("tickets", "breached"): "tickets_breach_idx", ("api_keys", "status"): "api_keys_ends_idx"}
# What is offered although no index is ordered by it, since another one finds few rows to read.
FEW = {
    "webhooks.UPDATED_AT": "webhook_endpoints_live_idx: WEBHOOK_ENDPOINT_LIMIT endpoints",
    "webhooks.updated_at": "webhook_endpoints_live_idx: WEBHOOK_ENDPOINT_LIMIT endpoints",
    "webhooks.status": "webhook_endpoints_live_idx: WEBHOOK_ENDPOINT_LIMIT endpoints",
    "steps.kind": "agent_steps_job_idx: the steps of one job",
    "steps.decision": "agent_steps_job_idx: the steps of one job",
    "steps.expires_at": "agent_steps_job_idx: the steps of one job",
    "failed_jobs.function": "jobs_failed_idx: the jobs that failed, until they are purged",
    "failed_jobs.queue": "jobs_failed_idx: the jobs that failed, until they are purged",
}


def indexes(table: sa.Table) -> dict[str, list[IndexKey]]:
    """The keys of each index of a table behind its organization, those of its constraints too, by name."""
    unique = [each for each in table.constraints if isinstance(each, sa.PrimaryKeyConstraint | sa.UniqueConstraint)]
    found: dict[str, list[IndexKey]] = {str(index.name): keys_of(index) for index in table.indexes}
    found |= {str(each.name): [key.name for key in each.columns] for each in unique}
    return {name: keys[1:] for name, keys in found.items() if keys[0] == "org_id"}


def serves(table: sa.Table, *keys: IndexKey) -> bool:
    """Whether an index begins with these keys."""
    return any(tuple(found[: len(keys)]) == keys for found in indexes(table).values())


def _orders(collection: Collection) -> Iterator[str]:
    """The orders that no index serves."""
    above = [BELOW[collection.name]] if collection.name in BELOW else []
    for name, field in collection.sort_fields.items():
        for descending in (False, True):
            key = field.indexed(descending=descending)
            if not serves(collection.table, key) and not (above and serves(collection.table, *above, key)):
                yield f"{collection.name}.{name}"


def _filters(collection: Collection) -> Iterator[str]:
    """The filters that no index serves."""
    table = collection.table
    above = [BELOW[collection.name]] if collection.name in BELOW else []
    for name, asked in collection.filters.items():
        if isinstance(asked, Relation):
            served = serves(table, asked.local) and serves(COLLECTIONS[asked.to].table, asked.remote)
        elif asked.lookup is not None:
            served = serves(asked.lookup[0], "resource", asked.column)
        elif (collection.name, name) in EXPRESSIONS:
            served = EXPRESSIONS[collection.name, name] in {index.name for index in table.indexes}
        else:
            served = any(serves(table, *first, key) for first in ([], above) for key in _keys(asked.column))
        if not served:
            yield f"{collection.name}.{name}"


def _keys(column: str) -> tuple[IndexKey, ...]:
    return column, (column, LATEST)


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_each_order_and_each_filter_has_an_index(name: str) -> None:
    collection = COLLECTIONS[name]
    missing = {*_orders(collection), *_filters(collection)}
    known = {where for where in FEW if where.startswith(f"{name}.")}
    assert missing - known == set(), (
        f"No index of {collection.table.name} begins with their column behind org_id: declare one in models/ and in a"
        " migration, or do not offer them."
    )
    assert known - missing == set(), "An index serves these: take them out of FEW."


def test_the_lists_of_few_rows_are_found_by_an_index() -> None:
    assert CORE.query_type is not None
    tables = {where: COLLECTIONS[where.split(".")[0]].table for where in FEW}
    wrong = [where for where, why in FEW.items() if why.split(":")[0] not in indexes(tables[where])]
    assert wrong == [], {where: indexes(tables[where]) for where in wrong}


def test_an_index_that_is_missing_is_noticed() -> None:
    members = COLLECTIONS["members"]
    (index,) = [each for each in members.table.indexes if keys_of(each)[1:2] == ["role"]]
    members.table.indexes.remove(index)
    try:
        assert [*_filters(members)] == ["members.role"]
    finally:
        members.table.indexes.add(index)
