"""Bodies as HTML forms send them: urlencoded, or multipart without files."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from resolvers.errors import Refusal, bad_input
from schema.requests.variables import MAX_VALUES

URLENCODED, MULTIPART = b"application/x-www-form-urlencoded", b"multipart/form-data"
_PARAMETER = rb'\s*=\s*(?:"([^"]*)"|([^\s;"]+))'
_BOUNDARY = re.compile(rb";\s*boundary" + _PARAMETER, re.IGNORECASE)
_DISPOSITION = re.compile(rb"content-disposition\s*:\s*form-data\s*(?:;|$)", re.IGNORECASE)
_NAME = re.compile(rb";\s*name" + _PARAMETER, re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?\s*=", re.IGNORECASE)
_BARE_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# What browsers write for a quotation mark or the end of a line in a name.
_ESCAPED = re.compile(rb"%(22|0D|0A)", re.IGNORECASE)
_MALFORMED = "The body is no form: it must be multipart with a boundary, each part with a name."


def media_of(content_type: bytes) -> bytes:
    """Return the media type of a Content-Type, without its parameters."""
    return content_type.partition(b";")[0].strip().lower()


def form_values(body: bytes, content_type: bytes) -> dict[str, Any]:
    """Return the values of a form's body by their names: a text, or a list of texts for a name that is repeated.

    Raises Refusal BAD_INPUT for a body that is malformed, not UTF-8, has a file, or holds too many values.
    """
    multipart = media_of(content_type) == MULTIPART
    pairs = _multipart(body, content_type) if multipart else _urlencoded(body)
    return _by_name((_text(name, "body"), value) for name, value in pairs)


def _by_name(pairs: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        text = _text(value, f"body.{name}")
        known = found.get(name)
        if known is None:
            found[name] = text
        elif isinstance(known, list):
            known.append(text)
        else:
            found[name] = [known, text]
    return found


def _text(value: bytes, place: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise bad_input(place, "It is not valid UTF-8.", "INVALID_FORMAT") from None


def _urlencoded(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    for part in _few(body.split(b"&")):
        if part:
            name, _, value = part.partition(b"=")
            yield _decoded(name), _decoded(value)


def _decoded(part: bytes) -> bytes:
    if _BARE_PERCENT.search(part):
        raise _malformed("The body is not percent-encoded.")
    return unquote_to_bytes(part.replace(b"+", b" "))


def _multipart(body: bytes, content_type: bytes) -> Iterator[tuple[bytes, bytes]]:
    given = _BOUNDARY.search(content_type)
    if given is None:
        raise _malformed()
    boundary = b"\r\n--" + (given[1] or given[2] or b"")
    # What is before the first boundary and after the last one is not part of the form.
    _, *parts = (b"\r\n" + body).split(boundary)
    if not parts or not parts[-1].startswith(b"--"):
        raise _malformed()
    for part in _few(parts[:-1]):
        head, blank, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        line = next((each for each in head.split(b"\r\n") if _DISPOSITION.match(each)), b"")
        name = _NAME.search(line)
        if not blank or name is None:
            raise _malformed()
        key = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), name[1] if name[2] is None else name[2])
        if _FILE.search(line):
            raise bad_input(f"body.{_text(key, 'body')}", "A form takes no files.", "NOT_ALLOWED")
        yield key, value


def _few(parts: list[bytes]) -> list[bytes]:
    """Return the parts of a body, before anything is done with them. Raises Refusal BAD_INPUT for too many."""
    if len(parts) > MAX_VALUES:
        raise bad_input("body", f"It holds more than {MAX_VALUES} values in all.", "TOO_LONG", limit=MAX_VALUES)
    return parts


def _malformed(message: str = _MALFORMED) -> Refusal:
    return bad_input("body", message, "INVALID_FORMAT")
