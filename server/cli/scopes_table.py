"""The scopes as a table: for the README and for whoever asks the command line."""

from models.resources import EVERYTHING, RESOURCES
from schema.graph import RULES

ROOTS = ("Query", "Mutation")


def scopes_table() -> str:
    """Return every scope that opens something, in Markdown, with the queries and mutations that need it."""
    opened: dict[str, list[str]] = {}
    for (type_name, field_name), rule in RULES.items():
        if rule.requirement is not None and type_name in ROOTS:
            opened.setdefault(rule.requirement, []).append(f"`{field_name}`")
    # A read scope before the write scope of the same resource, which includes it.
    rows = [(scope, ", ".join(names)) for scope, names in sorted(opened.items())]
    of_rows: dict[str, list[str]] = {}
    for resource in RESOURCES.values():
        if resource.row_scope is not None:
            rows_it_opens = f"{resource.row_scope.partition(':')[2]} {resource.labels}"
            of_rows.setdefault(resource.row_scope, []).append(f"{rows_it_opens}, with the scopes of {resource.scope}")
    rows += [(scope, f"reading and writing {'; '.join(sorted(found))}") for scope, found in of_rows.items()]
    rows.append((EVERYTHING, "everything"))
    return "\n".join(["| scope | what it allows |", "|---|---|", *(f"| `{scope}` | {what} |" for scope, what in rows)])
