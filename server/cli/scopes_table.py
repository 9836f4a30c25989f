"""The scopes as a table: for the README and for whoever asks the command line."""

from schema.graph import RULES

ROOTS = ("Query", "Mutation")
# What no field of the graph asks for by itself.
OTHERS = (
    ("messages:internal", "reading and writing internal messages, with the scopes of messages"),
    ("*", "everything"),
)


def scopes_table() -> str:
    """Every scope that opens something, in Markdown, with the queries and mutations that need it."""
    opened: dict[str, list[str]] = {}
    for (kind, name), rule in RULES.items():
        if rule.requirement is not None and kind in ROOTS:
            opened.setdefault(rule.requirement, []).append(f"`{name}`")
    # A read scope before the write scope of the same resource, which includes it.
    rows = [(scope, ", ".join(names)) for scope, names in sorted(opened.items())]
    return "\n".join(
        ["| scope | what it allows |", "|---|---|", *(f"| `{scope}` | {what} |" for scope, what in (*rows, *OTHERS))]
    )
