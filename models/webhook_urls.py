"""The addresses that webhooks may be sent to: public ones, and in development local and private ones."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address

_FORBIDDEN = re.compile(r"[^\x21-\x7e]|[\\^`{|}<>\"]")
_ESCAPED_WRONGLY = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URL = re.compile(r"https?:(//(?P<authority>[^/?#]*))?", re.IGNORECASE)
# Brackets contain an IPv6 address (of no later version), and only a port may follow.
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]*\]|[^:\[\]]*)(?P<port>:.*)?")
_PORT = re.compile(r":[1-9][0-9]{0,4}")
HIGHEST_PORT = 65_535
_NOT_PUBLIC = "must not be a private, local or reserved address"
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")

# Loopback and private networks, which a setting may allow.
_PRIVATE_4 = [IPv4Network(net) for net in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_PRIVATE_6 = [IPv6Network(net) for net in ("::1/128", "fc00::/7")]
# Metadata and host services of clouds, some of them inside private networks or among public addresses: never allowed.
_METADATA_4 = [
    IPv4Network(net)
    for net in ("100.100.100.200/32", "168.63.129.16/32", "169.254.169.0/24", "169.254.170.0/24", "192.0.0.192/32")
]
# AWS, Google, Scaleway, Oracle and Akamai.
_METADATA_6 = [
    IPv6Network(net) for net in ("fd00:ec2::/32", "fd20:ce::/32", "fd00:42::/32", "fd00:c1::/32", "fd00:a9fe::/32")
]
_METADATA_NAMES = (
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
)
_REFUSED_4 = [
    IPv4Network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
# Only 2000::/3 is public, which leaves out v4-mapped, NAT64, link-local, site-local and multicast; of it these are not:
# Teredo and protocol assignments, documentation, 6to4.
_GLOBAL_6 = IPv6Network("2000::/3")
_REFUSED_6 = [IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]


def allowed(address: Address, allow_private: bool) -> bool:
    """Return whether a webhook may be sent to an address."""
    if isinstance(address, IPv4Address):
        if any(address in net for net in _METADATA_4):
            return False
        if allow_private and any(address in net for net in _PRIVATE_4):
            return True
        return not any(address in net for net in _REFUSED_4)
    if address.scope_id is not None or any(address in net for net in _METADATA_6):
        return False
    private = any(address in net for net in _PRIVATE_6)
    if any(inner in net for inner in _translated(address, private) for net in _METADATA_4):
        return False
    if allow_private and private:
        return True
    return address in _GLOBAL_6 and not any(address in net for net in _REFUSED_6)


def _translated(address: IPv6Address, private: bool) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that a gateway may translate an address to; for a public one only the usual one."""
    number = int(address)
    yield IPv4Address(number & 0xFFFFFFFF)
    if private:
        # Without the octet that is zero, the address is 120 bits whose places are multiples of 8.
        joined = (number >> 64 << 56) | (number & ((1 << 56) - 1))
        for prefix in (32, 40, 48, 56, 64):
            yield IPv4Address((joined >> (120 - prefix - 32)) & 0xFFFFFFFF)


def literal(host: str) -> Address | None:
    """Return the address that a URL's host is, or None for a name.

    Raises ValueError for a number that only some resolvers take for an address, such as ``127.1`` or ``0x7f000001``.
    """
    if ":" in host:
        try:
            return IPv6Address(host)
        except ValueError:
            raise ValueError("must have a valid IPv6 address") from None
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            return IPv4Address(host)
        except ValueError:
            raise ValueError("must have a valid IPv4 address, four decimal numbers") from None
    return None


def check_literal(url: str, allow_private: bool) -> SplitResult:
    """Return the parts of a URL that a webhook may have. The addresses of a name are checked at each delivery.

    Raises ValueError, with the reason, for another scheme, a user name, a bad host or port, or an address that is not
    public.
    """
    if _FORBIDDEN.search(url):
        raise ValueError("must be ASCII without spaces; write an international name as xn--… and escape its path")
    found = _URL.match(url)
    if found is None:
        raise ValueError("must begin with https:// or http://")
    authority = found["authority"] or ""
    if "@" in authority:
        raise ValueError("must not have a user name or password")
    if "#" in url:
        raise ValueError("must not have a fragment")
    _check_authority(authority, allow_private)
    if _ESCAPED_WRONGLY.search(url):
        raise ValueError("must have a % only before two hexadecimal digits")
    return urlsplit(url)


def _check_authority(authority: str, allow_private: bool) -> None:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise ValueError("must have a valid host name or address")
    host, port = found["host"], found["port"]
    if not host.strip("[]"):
        raise ValueError("must have a host")
    if port is not None and not (_PORT.fullmatch(port) and int(port[1:]) <= HIGHEST_PORT):
        raise ValueError(f"must have a port from 1 to {HIGHEST_PORT}, or none")
    if host.startswith("[") and ":" not in host:
        raise ValueError("must have a valid IPv6 address")
    _check_host(host.strip("[]").lower(), allow_private)


def _check_host(host: str, allow_private: bool) -> None:
    address = literal(host)
    if address is not None:
        if not allowed(address, allow_private):
            raise ValueError(_NOT_PUBLIC)
        return
    name = host.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("must have a valid host name")
    # A name may have its address from a search domain or a hosts file, which nobody but the system knows.
    if any(name == known or name.endswith(f".{known}") for known in _METADATA_NAMES):
        raise ValueError(_NOT_PUBLIC)
    if (name == "localhost" or name.endswith(".localhost")) and not allow_private:
        raise ValueError(_NOT_PUBLIC)
