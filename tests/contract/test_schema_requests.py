"""Every answer to a document that the schema allows, or forbids, is one that the schema has, and none is a 5xx.

Documents are made up by Schemathesis, for each root field; ``make fuzz`` sends many more of them.
"""

import os
from functools import cache
from typing import Any

import pytest
import schemathesis
from graphql import (
    introspection_from_schema,
    is_scalar_type,
    is_specified_scalar_type,
    parse,
    parse_value,
    validate,
)
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.graphql import nodes

from resolvers.errors import STATUS
from schema.graph import CORE
from tests.support.api import Org
from tests.support.furnished import furnish
from tests.support.graph_documents import TEXTS, TIMES
from tests.support.made_up import made_up
from tests.support.tallies import Tally, none_failed, tally

# How many are made up for each root field, as many right ones as wrong ones.
DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "1"))
MEDIA = "application/graphql-response+json"
# What stands for the ids of the organization's own objects until a document is sent.
NAMES = [
    "client",
    "service",
    "order",
    "message",
    "invoice",
    "invoice2",
    "ticket",
    "webhook",
    "apiKey",
    "member",
    "audit",
]
# Of a scalar that is none of those below.
OBJECTS = ["{}", '{a: "b"}', "{a: 1}"]
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "ID": st.sampled_from(NAMES).map("id:{}".format).map(nodes.String),
    "DateTime": st.sampled_from(TIMES).map(nodes.String),
    "Currency": st.sampled_from(["EUR", "USD"]).map(nodes.String),
    "Timezone": st.sampled_from(["UTC", *TEXTS]).map(nodes.String),
    "MinorUnits": st.integers(0, 50_000).map(nodes.Int),
    "MicroUnits": st.integers(0, 50_000).map(nodes.Int),
    "Decimal": st.sampled_from(["0.5", "19", "-1", "1e3"]).map(nodes.String),
    "SettingValue": st.integers(0, 100).map(nodes.Int),
}


@cache
def _schema() -> Any:
    """The schema as Schemathesis reads it."""
    for name, type_ in CORE.type_map.items():
        if is_scalar_type(type_) and not is_specified_scalar_type(type_):
            schemathesis.graphql.scalar(name, SCALARS.get(name, st.sampled_from(OBJECTS).map(parse_value)))
    schemathesis.graphql.scalar("ID", SCALARS["ID"])
    return schemathesis.graphql.from_dict(dict(introspection_from_schema(CORE)))


async def _held(org: Org, case: Any, ids: dict[str, str], found: Tally) -> None:
    """Send a document, and hold its answer to the schema."""
    text = case.body
    for name, key in ids.items():
        text = text.replace(f'"id:{name}"', f'"{key}"')
    answer = await org.http.post("/graphql", json={"query": text}, headers={"Accept": MEDIA})
    found.statuses[answer.status_code] += 1
    try:
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, checks=[checks.response_schema_conformance])
        extensions = [error["extensions"] for error in answer.json().get("errors", ())]
        assert all(STATUS[each["code"]] == each["status"] < 500 for each in extensions), answer.text
        valid = validate(CORE, parse(text)) == []
        assert valid or "data" not in answer.json(), answer.text
        assert not (valid and "GRAPHQL_VALIDATION_FAILED" in {each["code"] for each in extensions}), answer.text
    except (FailureGroup, AssertionError) as failure:
        found.failed(text, failure)


@pytest.mark.parametrize("root", ["Query", "Mutation"])
async def test_a_root_field_answers_as_the_schema_says(acme: Org, root: str) -> None:
    ids, fields = await furnish(acme), _schema()[root]
    tallies = []
    for name in fields:
        tallies.append(found := tally(f"{root}.{name}"))
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for case in made_up(fields[name].as_strategy(generation_mode=mode), DOCUMENTS):
                await _held(acme, case, ids, found)
    none_failed(tallies)
