"""Dry runs: changes that are tried and not made, as a request asks for them and its response says."""

from resolvers.errors import bad_input
from web.http import Header, Request

NAME, PARAMETER = "Dry-Run", "dryRun"
# Of the response to one, so that nobody takes it for a change, nor a server that knows no dry runs for one that does.
DRY_RUN_HEADER: Header = (b"dry-run", b"true")
_FLAGS = {"true": True, "false": False}


def refuse_parameter(request: Request) -> None:
    """Refuse a parameter for what the header asks for. Raises Refusal BAD_INPUT: a change that was to be tried would be
    made."""
    if request.scope["query_string"] and any(name == PARAMETER for name, _ in request.query()):
        raise bad_input(
            f"query.{PARAMETER}", f"There is no such parameter here: send the header {NAME}.", "NOT_ALLOWED"
        )


def dry_run(request: Request) -> bool:
    """Return whether a change is only to be tried. Raises Refusal BAD_INPUT for other than true and false."""
    given = request.headers.get(b"dry-run")
    if given is None:
        return False
    found = _FLAGS.get(given.decode("latin-1").lower())
    if found is None:
        raise bad_input(f"header.{NAME}", f"{NAME} must be true or false.", "WRONG_TYPE")
    return found
