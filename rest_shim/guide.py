"""The texts of the REST API, ``guide.md`` and those of ``domains``, filled in from what the code knows."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from models.machines import MACHINES
from models.resources import RESOURCES, events
from models.webhooks import API_VERSION, event_scope
from resolvers.database.loaded import COST_OF_REFUSED, MAX_BYTES
from resolvers.errors import CONFLICTS, REASONS, STATUS
from resolvers.lists.filters import MAX_TEXT, MAX_VALUES
from resolvers.lists.page_window import DEEPEST_ROW, DEFAULT_PAGE, LARGEST_PAGE
from rest_shim.costs import HEAD, cost_rows
from rest_shim.domain_texts import TEXTS, Texts

GUIDE, MERGES = (Path(__file__).with_name(name) for name in ("guide.md", "merges.md"))
_PLACE = re.compile(r"\{\{(\w+)\}\}")
# What to do about each code that a REST response can have.
ADVICE: Mapping[str, str] = {
    "BAD_INPUT": "Correct the values that `errors` names. The same request would fail again.",
    "INVALID_CURSOR": "Start again without a cursor: a cursor belongs to one list in one order.",
    "TOO_COMPLEX": "Ask for less: fewer conditions, or fewer objects per page.",
    "QUERY_TOO_SLOW": "Narrow the list with a filter by ID, status or time, or sort it by something else.",
    "UNAUTHENTICATED": "Send a valid API key: `Authorization: Bearer sk_live_…`.",
    "FORBIDDEN": "Use an API key with the scope in `scope`.",
    "NOT_FOUND": "Check the ID and the path. Objects of other organizations are not found either.",
    "METHOD_NOT_ALLOWED": "Use a method that the header `Allow` names.",
    "REQUEST_TIMEOUT": "The request did not arrive in time. Send it again.",
    "CONFLICT": "See `reason` and the table below.",
    "INVALID_TRANSITION": "Choose one of the statuses in `allowed`.",
    "IDEMPOTENCY_IN_FLIGHT": "The same request is still running. Send it again after `Retry-After`.",
    "VERSION_MISMATCH": "Read the object again, apply your change, and send the new `ETag`.",
    "TOO_LARGE": "Send a smaller body.",
    "UNSUPPORTED_MEDIA_TYPE": "Send `Content-Type: application/json`, UTF-8, and no `Content-Encoding`.",
    "HEADERS_TOO_LARGE": "Send fewer or shorter headers, or a shorter URL.",
    "IDEMPOTENCY_KEY_REUSED": "Use a new key: this one was used for another request of the operation.",
    "RATE_LIMITED": "Wait for `Retry-After`, then send the request again.",
    "INTERNAL": "The server failed. Send the request again later; if it keeps failing, report its `requestId`.",
    "NOT_IMPLEMENTED": "Leave out what `detail` names.",
    "UNAVAILABLE": "Wait for `Retry-After`, then send the request again: nothing was changed.",
    "OUTCOME_UNKNOWN": "It may have been done. Send the request again with the same `Idempotency-Key`, or read first.",
}


@cache
def guide() -> str:
    """Return the guide in Markdown."""
    return _filled(GUIDE.read_text(encoding="utf-8")).strip()


@cache
def route_texts() -> dict[str, str]:
    """Return what each route does, in Markdown, by its operation."""
    return Texts({name: _filled(text) for name, text in TEXTS.items()})


def _filled(text: str) -> str:
    return _PLACE.sub(lambda place: _TABLES[place[1]](), text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _capital(label: str) -> str:
    return f"{label[0].upper()}{label[1:]}"


def _scopes() -> str:
    # Of those that share a scope the one that it is named after comes last, and stands: tickets, and not their replies.
    of_name = sorted(RESOURCES.values(), key=lambda each: each.scope in (each.plural, each.prefix))
    known = {each.scope: each for each in of_name if each.scope is not None}
    rows = [
        (f"`{each.read_scope}`", "" if each.read_only else f"`{each.write_scope}`", _capital(each.labels))
        for _, each in sorted(known.items())
    ]
    return _table(("To read", "To read and change", "Objects"), rows)


def _codes() -> str:
    rows = [(str(STATUS[code]), f"`{code}`", advice) for code, advice in ADVICE.items() if code in STATUS]
    return _table(("Status", "Code", "What to do"), sorted(rows, key=lambda row: row[0]))


def _meanings(codes: Mapping[str, str], head: str) -> str:
    return _table((head, "Meaning"), [(f"`{code}`", meaning) for code, meaning in codes.items()])


def _events() -> str:
    rows = [(f"`{name}`", meaning, _scope(name)) for name, _, meaning in events()]
    return _table(("Event", "When", "Scope that the creating key needs"), rows)


def _scope(event: str) -> str:
    scope = event_scope(event)
    return "none" if scope is None else f"`{scope}`"


_TABLES = {
    "merges": lambda: MERGES.read_text(encoding="utf-8").strip(),
    "api_version": lambda: API_VERSION,
    "scopes": _scopes,
    "codes": _codes,
    "reasons": lambda: _meanings(REASONS, "Code"),
    "costs": lambda: _table(HEAD, cost_rows()),
    "conflicts": lambda: _meanings(dict(sorted(CONFLICTS.items())), "Reason"),
    "events": _events,
    "default_page": lambda: f"{DEFAULT_PAGE:,}",
    "largest_page": lambda: f"{LARGEST_PAGE:,}",
    "deepest_row": lambda: f"{DEEPEST_ROW:,}",
    "most_values": lambda: f"{MAX_VALUES:,}",
    "most_mebibytes": lambda: f"{MAX_BYTES // 1024 // 1024:,}",
    "cost_of_refused": lambda: f"{COST_OF_REFUSED:,}",
    "most_text": lambda: f"{MAX_TEXT:,}",
    **{states: machine.description for states, machine in MACHINES.items()},
}
