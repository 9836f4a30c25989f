"""What a GraphQL request holds: its document, variables and operation's name, from a body or a query string."""

from typing import Any

import orjson

from resolvers.errors import bad_input
from web.body import Bodies, body_weight
from web.http import Request, is_encoded

NO_TEXT = "query must be the text of a GraphQL document."
# What a query is read from.
_PARAMETERS = ("query", "variables", "operationName", "extensions", "documentId")


async def read_request(request: Request, bodies: Bodies) -> tuple[str | None, dict[str, Any] | None, str | None]:
    """Return the document, its variables, its operation's name. Raises Refusal for what is no well-formed request.

    The document is None where the request names a persisted one instead.
    """
    if request.method == "POST":
        body = await bodies.json(request)
    else:
        body = _from_query(request)
        request.weight = body_weight(body, len(request.scope["query_string"]))
    text, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise bad_input("variables", "variables must be an object.", "WRONG_TYPE")
    if name is not None and not isinstance(name, str):
        raise bad_input("operationName", "operationName must be a string.", "WRONG_TYPE")
    extensions = body.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise bad_input("extensions", "extensions must be an object.", "WRONG_TYPE")
    if text in (None, "") and _is_persisted(body, extensions):
        return None, variables, name
    if not isinstance(text, str):
        raise bad_input("query", NO_TEXT, "WRONG_TYPE")
    return text, variables, name


def _is_persisted(body: dict[str, Any], extensions: dict[str, Any] | None) -> bool:
    """Return whether a request without a document names a persisted one, as Apollo's and urql's clients do, or by its
    id."""
    return (extensions is not None and "persistedQuery" in extensions) or isinstance(body.get("documentId"), str)


def _from_query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in request.query():
        if name in given and name in _PARAMETERS:
            raise bad_input(name, f"{name} is given more than once.", "REPEATED")
        if not is_encoded(value):
            raise bad_input(name, f"{name} must be percent-encoded UTF-8.", "INVALID_FORMAT")
        given[name] = value
    for name in ("variables", "extensions"):
        if name in given:
            try:
                given[name] = orjson.loads(given[name])
            except orjson.JSONDecodeError:
                raise bad_input(name, f"{name} must be JSON.", "INVALID_FORMAT") from None
    return given
