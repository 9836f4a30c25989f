"""From which address a request comes: the peer, or what our own proxies say of it."""

from ipaddress import ip_network
from typing import Any

import pytest

from server.http.addresses import client_address
from web.http import Request, Scope

NETWORKS = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8")))


def address(peer: str | None, *lines: str) -> str:
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope: Scope = {
        "type": "http", "method": "GET", "headers": headers, "state": {"request_id": "mine"},
        "client": None if peer is None else (peer, 50_000),
    }  # fmt: skip

    async def receive() -> Any:
        raise AssertionError("no body is read")

    return client_address(Request(scope, receive), NETWORKS)


@pytest.mark.parametrize(
    ("peer", "lines", "found"),
    [
        ("1.1.1.1", [], "1.1.1.1"),
        # Nobody but our own proxies is believed.
        ("1.1.1.1", ["2.2.2.2"], "1.1.1.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["2.2.2.2"], "2.2.2.2"),
        ("10.0.0.1", ["3.3.3.3, 2.2.2.2"], "2.2.2.2"),
        ("10.0.0.1", ["3.3.3.3, 2.2.2.2, 10.0.0.2"], "2.2.2.2"),
        # Several lines are one list: a caller's own comes first, the proxy's last.
        ("10.0.0.1", ["3.3.3.3", "2.2.2.2"], "2.2.2.2"),
        ("10.0.0.1", ["3.3.3.3", "4.4.4.4, 2.2.2.2", "10.0.0.3"], "2.2.2.2"),
        ("10.0.0.1", ["10.0.0.9", "10.0.0.8"], "10.0.0.1"),
        ("10.0.0.1", ["", "2.2.2.2"], "2.2.2.2"),
        ("10.0.0.1", ["2.2.2.2", ""], "2.2.2.2"),
        # With a port, as some proxies write it.
        ("10.0.0.1", ["2.2.2.2:4711"], "2.2.2.2"),
        ("10.0.0.1", ["[2a00:1450::1]:4711"], "2a00:1450::/64"),
        ("10.0.0.1", ["[2a00:1450::1]"], "2a00:1450::/64"),
        # What is no address ends the search where it was.
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["2.2.2.2, unknown, 10.0.0.2"], "10.0.0.1"),
        ("10.0.0.1", ["3.3.3.3, ] , 2.2.2.2"], "2.2.2.2"),
        # IPv6 counts by /64, and IPv4 inside of it as itself.
        ("2a00:1450:1:2:3:4:5:6", [], "2a00:1450:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("::ffff:1.1.1.1", [], "1.1.1.1"),
        ("::ffff:10.0.0.1", ["::ffff:2.2.2.2"], "2.2.2.2"),
        ("fd00::1", ["2a00:1450::1"], "2a00:1450::/64"),
        ("", ["2.2.2.2"], ""),
        (None, ["2.2.2.2"], ""),
    ],
)
def test_an_address_is_the_last_that_is_not_our_own_proxy(peer: str | None, lines: list[str], found: str) -> None:
    assert address(peer, *lines) == found
