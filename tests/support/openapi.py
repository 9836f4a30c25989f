"""The OpenAPI document as tests read it: made once for all of them, where the code makes it anew for each caller."""

from copy import deepcopy
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from rest_shim.openapi import document


@cache
def openapi() -> dict[str, Any]:
    """Return the document. It is shared: a test that changes it takes a copy."""
    return document()


@cache
def _closed() -> dict[str, Any]:
    """Return the document's components, whose objects have no properties but those that are named."""
    components: dict[str, Any] = deepcopy(openapi()["components"])
    for part in components["schemas"].values():
        if "required" in part and not part.get("additionalProperties"):
            part.setdefault("additionalProperties", False)
    components["schemas"]["Problem"]["properties"]["errors"]["items"]["additionalProperties"] = False
    return components


def validator(schema: Any) -> Draft202012Validator:
    """Return a validator of a schema of the document; a property that is not named is refused."""
    return Draft202012Validator({**schema, "components": _closed()}, format_checker=Draft202012Validator.FORMAT_CHECKER)


@cache
def _problems() -> Draft202012Validator:
    return validator({"$ref": "#/components/schemas/Problem"})


async def check_problem(answer: httpx.Response) -> None:
    """Hold a problem against its schema, whose members are all that there are."""
    if answer.headers.get("content-type") == "application/problem+json" and answer.request.method != "HEAD":
        await answer.aread()
        _problems().validate(answer.json())
