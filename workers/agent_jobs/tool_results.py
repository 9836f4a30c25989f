"""What is shown of an operation's result to a model, and kept of it in a step."""

from typing import Any

import orjson

from models.agent_jobs_steps import STEP_LIMIT
from resolvers.errors import Refusal
from schema.requests.results import OperationResult
from workers.agent_jobs.texts import clean

# What a model is shown of one result, in bytes.
RESULT_BYTES = STEP_LIMIT // 2


def step_value(value: dict[str, Any]) -> dict[str, Any]:
    """Return what a step keeps of a value: all of it, unless it is too large."""
    found: dict[str, Any] = clean(value)
    return found if len(orjson.dumps(found)) <= STEP_LIMIT else {"omitted": "It is too large to be kept."}


def shown_errors(result: OperationResult) -> dict[str, Any]:
    """Return the errors of an operation as a model sees them. Raises Refusal where the database was not available."""
    errors = []
    for each in result.errors:
        extensions = each["extensions"]
        if extensions["code"] in ("UNAVAILABLE", "OUTCOME_UNKNOWN"):
            raise Refusal(extensions["code"], each["message"])
        names = ("code", "field", "reason", "allowed", "scope")
        errors.append({"message": each["message"]} | {name: extensions[name] for name in names if name in extensions})
    return {"errors": clean(errors)}


def shown_result(result: OperationResult) -> dict[str, Any]:
    """Return the result of an operation as a model sees it."""
    if len(orjson.dumps(result.data)) <= RESULT_BYTES:
        return {"data": clean(result.data)}
    message = "It was done, but the result is too large to be shown. Of a list ask for fewer objects at once."
    return {"data": None, "message": message}
