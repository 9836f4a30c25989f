"""What judging an argument takes, in units of `execution.Effort`: about half a microsecond each."""

from resolvers.lists.search_words import READ_OF_A_SEARCH

# A term of an order is judged and compiled in each place.
TERM = 10
# The words of a search have to be found, and marks that are not ASCII to be put in order.
SEARCH, PLAIN_CHARACTERS, OTHER_CHARACTERS = 30, 10, 2


def search_effort(text: str) -> int:
    """Return what finding the words of a search takes."""
    length = min(len(text), READ_OF_A_SEARCH)
    return SEARCH + length // (PLAIN_CHARACTERS if text.isascii() else OTHER_CHARACTERS)
