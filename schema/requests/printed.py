"""The schema as text, as it is committed in ``schema/schema.graphql``."""

from strawberry.printer import print_schema

from schema.graph import SCHEMA


def printed_schema() -> str:
    """Return the SDL, with descriptions and the directives that tell scopes."""
    return print_schema(SCHEMA) + "\n"
