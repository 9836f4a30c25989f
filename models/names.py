"""Names of the API, which follow from those that Python has, and nouns in sentences."""

from functools import cache


@cache
def camel(name: str) -> str:
    """Return a name, or a path of names, as clients write it: ``clientId`` for ``client_id``."""
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(map(str.capitalize, tail))


def pascal(name: str) -> str:
    """Return a name as types and operations have it: ``ApiKey`` for ``api_key``."""
    return "".join(map(str.capitalize, name.split("_")))


def plural_of(noun: str) -> str:
    """Return the plural of a regular noun."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"


def article(noun: str) -> str:
    """Return the indefinite article of a noun: ``an`` for ``order`` and ``API key``."""
    return "an" if noun[0] in "aeiouAEIOU" else "a"
