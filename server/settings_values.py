"""How settings that are more than a number or a word are read from text."""

import base64
import binascii
import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from resolvers.keyring import Keyring
from server.late import late

KEY_BYTES = 32
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_NO_ORIGIN = (
    "must be an origin as browsers send it, such as https://app.example or http://localhost:3000: in lower case, "
    "without a path and without the scheme's own port"
)
_OWN_PORTS = {"http": 80, "https": 443}
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
# The options of a database's URL that take certain words only.
_OPTIONS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "prefer-standby", "read-write", "read-only"),
}


def words(value: object) -> object:
    """Split a comma-separated text; leave anything else to validation."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def keyring(value: str) -> Keyring:
    """Read `version:base64-of-32-bytes`, comma-separated, as a Keyring. Errors never quote the value."""
    ring: dict[int, bytes] = {}
    for number, entry in enumerate(filter(None, map(str.strip, value.split(","))), start=1):
        version, _, encoded = entry.partition(":")
        if not (version.isascii() and version.isdigit() and 0 < int(version[:9]) == int(version) < 32768):
            raise ValueError(f"entry {number} must begin with a version from 1 to 32767 and a colon")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"entry {number} is not valid base64") from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"entry {number} must be {KEY_BYTES} bytes, not {len(key)}")
        if int(version) in ring:
            raise ValueError(f"version {version} is given twice")
        ring[int(version)] = key
    if not ring:
        raise ValueError("at least one key is needed")
    return Keyring(ring)


def _keys(value: object) -> object:
    return keyring(value) if isinstance(value, str) else value


def _networks(value: object) -> object:
    parts = words(value)
    if isinstance(parts, tuple):
        return tuple(_network(number, part) for number, part in enumerate(parts, start=1))
    return parts


def _network(number: int, part: object) -> object:
    if not isinstance(part, str):
        return part
    try:
        return ip_network(part, strict=False)
    except ValueError:
        raise ValueError(f"entry {number} must be a network or an address, such as 10.0.0.0/8 or ::1") from None


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    if "*" in value and len(value) > 1:
        raise ValueError("`*` means every origin and must be the only entry")
    for number, origin in enumerate(value, start=1):
        if origin != "*" and not _is_origin(origin):
            raise ValueError(f"entry {number} {_NO_ORIGIN}")
    return value


def _parents(value: tuple[str, ...]) -> tuple[str, ...]:
    for number, parent in enumerate(value, start=1):
        if not _SEGMENT.fullmatch(parent):
            raise ValueError(f"entry {number} must be a segment of a path: letters, digits, hyphens and underscores")
        if parent in value[: number - 1]:
            raise ValueError(f"entry {number} is given twice")
        # The routes know every table: who names no parents does not load them.
        hidden = late("rest_shim.routes", "hidden_by")(parent)
        if hidden is not None:
            raise ValueError(f"entry {number} would hide the route {hidden}")
    return value


def _is_origin(text: str) -> bool:
    """Return whether a header `Origin` can have this value. `null` is not one: pages that anybody may write have it
    too."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return False
    scheme, host, port = found.groups()
    if host.startswith("["):
        try:
            IPv6Address(host[1:-1])
        except ValueError:
            return False
    return port is None or (int(port) < 65536 and int(port) != _OWN_PORTS.get(scheme))


def _url(value: str, schemes: tuple[str, ...], example: str) -> str:
    try:
        parts = urlsplit(value)
        # A name that no resolver takes, or a port that there is not, is a ValueError.
        (parts.hostname or "").encode("idna")
        is_fine = parts.port != 0 and bool(parts.hostname or not parts.scheme.startswith("http"))
    except ValueError:
        is_fine = False
        parts = urlsplit("")
    if not is_fine or parts.scheme not in schemes:
        raise ValueError(f"must be a URL such as {example}")
    return value


def _postgres_url(value: str) -> str:
    _url(value, ("postgresql", "postgres"), "postgresql://user:password@host:5432/database")
    for name, given in parse_qs(urlsplit(value).query).items():
        allowed = _OPTIONS.get(name)
        if allowed is not None and given[-1] not in allowed:
            raise ValueError(f"its option {name} must be one of {', '.join(allowed)}")
    return value


def _redis_url(value: str) -> str:
    return _url(value, ("redis", "rediss", "unix"), "redis://:password@host:6379/0")


def _http_url(value: str) -> str:
    return _url(value, ("http", "https"), "https://models.example/v1")


def _otlp_url(value: str) -> str:
    return _url(value, ("http", "https"), "http://collector.example:4318")


# NoDecode: the text is ours to read; without it a list would have to be JSON.
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words)]
Origins = Annotated[Words, AfterValidator(_origins)]
Parents = Annotated[Words, AfterValidator(_parents)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]
Keys = Annotated[Keyring, NoDecode, BeforeValidator(_keys)]
OptionalKeys = Annotated[Keyring | None, NoDecode, BeforeValidator(_keys)]
PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
OtlpUrl = Annotated[str, AfterValidator(_otlp_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
