"""Which address a request counts for: its peer's, or the one that our own proxies name; IPv6 by /64."""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from web.http import Header, Request


def address_of(peer: str, headers: Iterable[Header], proxies: Sequence[Any]) -> str:
    """Return the peer's address, or the last one before our own proxies in X-Forwarded-For."""
    for hop in [peer, *reversed(_forwarded(headers))]:
        try:
            address = _parsed(hop)
        except ValueError:
            return peer
        if not any(address in network for network in proxies):
            return _counted(address)
    return peer


def client_address(request: Request, proxies: Sequence[Any]) -> str:
    """Return the address that a request counts for."""
    client = request.scope.get("client")
    return address_of(client[0] if client is not None else "", request.scope["headers"], proxies)


def is_proxy(peer: str, proxies: Sequence[Any]) -> bool:
    """Return whether a peer is one of our own proxies."""
    try:
        address = _parsed(peer)
    except ValueError:
        return False
    return any(address in network for network in proxies)


@lru_cache(maxsize=1024)
def counted_as(peer: str) -> str:
    """Return what a peer's connections are counted by: its address, of IPv6 the /64; itself where it is none."""
    try:
        return _counted(_parsed(peer))
    except ValueError:
        return peer


def _forwarded(headers: Iterable[Header]) -> list[str]:
    """Return the hops of all X-Forwarded-For lines, which are one list, in their order."""
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    return [hop for line in lines for hop in map(str.strip, line.split(",")) if hop]


def _parsed(hop: str) -> Any:
    """Return an address without the port that some proxies add; one of IPv4 that is written as IPv6 is itself."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    address = ipaddress.ip_address(hop.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _counted(address: Any) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
