"""Agents' schemas, and what jobs are given: what is refused takes of the processor, and the worst that passes."""

from itertools import count
from typing import Any

import httpx

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Target
from resolvers.agents.validation_steps import TooManySteps, ValidationSteps
from tests.support.hostile_schemas import FLOATS, HOSTILE, PATTERNED, TOLD, Schema, all_of, none_of

SECTION = "Agents' schemas"
SETTINGS = {"RATE_BUCKET": "1000000000", "RATE_REFILL": "1"}
TIMES, MOST_MS = 4, 50.0
CREATE = "mutation($i: CreateAgentDefinitionInput!) { createAgentDefinition(input: $i) { agentDefinition { id } } }"
QUEUE = "mutation($i: QueueAgentJobInput!) { queueAgentJob(input: $i) { agentJob { id } } }"
# The schemas of the worst inputs that pass, and the value of which they have as many as are taken.
PASSING: dict[str, tuple[Schema, Any]] = {
    "lists of 1,000": (all_of({"enum": [[number] for number in range(1_000)]}), [999]),
    "decimal numbers of 1,000": (all_of({"enum": FLOATS}), FLOATS[-1]),
    "40 constants": (all_of({"allOf": [none_of({"const": 0.5})] * 40}), 0),
    "multiples of a number near 0": (all_of(none_of({"multipleOf": 1e-10})), 1e-300),
    "200 alternatives": (all_of({"anyOf": [{"type": "string"}] * 200}), 0),
    "lists whose items differ": (all_of({"uniqueItems": True}, 40), [0, 1, 2, 3]),
}
MOST_VALUES = 7_000


async def measure(server: Target) -> list[Figure]:
    """Each hostile input, then the largest that pass, then schemas of too many patterns."""
    org, found, slow = await server.organization(), [], slowness()
    async with server.client(org.key) as http:
        for name, (schema, values) in (HOSTILE | TOLD).items():
            spent, codes = await _queued(server, http, schema, values)
            found += [
                Figure(f"{name}, refused of {TIMES}", codes.count("BAD_INPUT"), "", TIMES, TIMES),
                Figure("the same, CPU each", spent / slow, "ms", MOST_MS),
            ]
        for name, (schema, value) in PASSING.items():
            number = _most(schema, value)
            spent, codes = await _queued(server, http, schema, [value] * number)
            found.append(Figure(f"{number} × {name}, the most that is taken, CPU each", spent / slow, "ms", MOST_MS))
        for patterned in PATTERNED:
            numbers = count()
            with server.watching() as watched:
                for _ in range(TIMES):
                    given = patterned(rf"\p{{L}}{next(numbers)}", 300)
                    await http.post("/graphql", json={"query": CREATE, "variables": {"i": _definition(given)}})
            spent = watched.cpu_s / TIMES * 1_000
            found.append(Figure("a schema of 300 wide patterns, CPU each", spent / slow, "ms", MOST_MS))
    return found


def _definition(schema: Schema) -> dict[str, Any]:
    return {"name": "x", "model": "test", "instructions": "i", "status": "ACTIVE", "inputSchema": schema}


async def _queued(
    server: Target, http: httpx.AsyncClient, schema: Schema, values: list[Any]
) -> tuple[float, list[str]]:
    """Milliseconds of the processor for one dry run of a job with such an input, and the codes of its errors."""
    made = await http.post("/graphql", json={"query": CREATE, "variables": {"i": _definition(schema)}})
    definition = made.json()["data"]["createAgentDefinition"]["agentDefinition"]["id"]
    body = {"query": QUEUE, "variables": {"i": {"definitionId": definition, "input": {"all": values}}}}
    codes: list[str] = []
    # What is compiled once is not counted.
    await http.post("/graphql", json=body, headers={"Dry-Run": "true"})
    with server.watching() as watched:
        for _ in range(TIMES):
            answer = await http.post("/graphql", json=body, headers={"Dry-Run": "true"})
            codes += {error["extensions"]["code"] for error in answer.json().get("errors", [])}
    return watched.cpu_s / TIMES * 1_000, codes


def _most(schema: Schema, value: Any) -> int:
    """The most of a value that are held against a schema."""
    taken, refused = 1, MOST_VALUES
    while taken < refused - 1:
        number = (taken + refused) // 2
        try:
            ValidationSteps(schema, {}).of({"all": [value] * number})
            taken = number
        except TooManySteps:
            refused = number
    return taken
