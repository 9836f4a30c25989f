"""What a client accepts: the weights of the headers Accept and Accept-Encoding."""

import re
from collections.abc import Iterable
from functools import lru_cache

_WEIGHT = re.compile(rb"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def weights(accepted: bytes) -> dict[bytes, float]:
    """Return how much each of the things is liked that a header accepts, by its name in lower case; 0 is not at all."""
    found: dict[bytes, float] = {}
    for part in accepted.lower().split(b","):
        name, *parameters = (piece.strip() for piece in part.split(b";"))
        found[name] = _weight(parameters)
    return found


def _weight(parameters: Iterable[bytes]) -> float:
    """Return a q-value, 1 where there is none; what is none counts as 0."""
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.rstrip() == b"q":
            value = value.lstrip()
            return float(value) if _WEIGHT.fullmatch(value) else 0.0
    return 1.0


@lru_cache(256)
def most_accepted(accepted: bytes, answers: tuple[bytes, ...]) -> bytes | None:
    """Return the media type that an Accept prefers, of several; None where it takes none of them.

    Of those that are named and liked alike the first counts; of those that are not named, the last.
    """
    liked = weights(accepted)

    def liking(media: bytes) -> tuple[float, bool, int]:
        named, place = media in liked, answers.index(media)
        media_range = media.partition(b"/")[0] + b"/*"
        weight = liked.get(media, liked.get(media_range, liked.get(b"*/*", 0.0)))
        return weight, named, -place if named else place

    best = max(answers, key=liking)
    return best if liking(best)[0] > 0 else None
