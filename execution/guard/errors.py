"""Errors of documents, by the step at which one is refused."""

from graphql import GraphQLError


class DocumentError(Exception):
    """A document that cannot run; ``errors`` say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(errors[0].message)
        self.errors = list(errors)


class DocumentLimitError(DocumentError):
    """A document that exceeds a limit."""

    def __init__(self, message: str) -> None:
        super().__init__(GraphQLError(message))


class DocumentSyntaxError(DocumentError):
    """A document that cannot be parsed."""


class DocumentValidationError(DocumentError):
    """A document that is not valid, or has no operation of the name that was asked for."""
