"""Where webhooks may go: every kind of address that is not public is refused, however it is written."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.webhook_urls import allowed, check_literal
from tests.support.jobs import OK, leads_to, receiver
from workers.webhooks.addresses import Addresses, Refused
from workers.webhooks.http import Sender

PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "::1",
    "fc00::1",
    "fd12::1",
]
NEVER = [
    "0.0.0.0", "0.1.2.3", "100.64.0.1", "100.100.100.200", "169.254.169.254", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "168.63.129.16", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:1.1.1.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::101:101", "64:ff9b:1::1", "2002:7f00:1::1",
    "2002:101:101::1", "2001::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
]  # fmt: skip
# What clouds hand credentials out at, in every spelling: also where private addresses are allowed.
METADATA = [
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd20:00ce:0:0::254", "fd00:42::42",
    "fd00:c1::a9fe:a9fe", "fd00:a9fe:a9fe::1", "fe80::a9fe:a9fe", "fe80::1%1", "febf::1",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:100.100.100.200", "::ffff:168.63.129.16",
    "::ffff:0:169.254.169.254", "::169.254.169.254",
    # NAT64: the well-known prefix, the local-use one, and a network's own with each length that there is.
    "64:ff9b::a9fe:a9fe", "64:ff9b::a83f:8110", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::",
    "fd12:3456:a9fe:a9fe::", "fd12:3456:78a9:fea9:fe::", "fd12:3456:789a:a9fe:a9:fe00::",
    "fd12:3456:789a:bca9:fe:a9fe::", "fd12:3456:789a:bcde:a9:fea9:fe00:0", "fd12:3456::a9fe:a9fe",
    "fd12:3456::100.100.100.200", "fd12::5efe:a9fe:a9fe", "2606:4700:64::a9fe:a9fe", "2606:4700:64::168.63.129.16",
    # 6to4 and Teredo, whose client's address is stored with its bits inverted.
    "2002:a9fe:a9fe::1", "2002:a83f:8110::1", "2001:0:a9fe:a9fe::1", "2001::5601:5601",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert (allowed(ip_address(text), False), allowed(ip_address(text), True)) == (True, True)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_only_by_setting(text: str) -> None:
    assert (allowed(ip_address(text), False), allowed(ip_address(text), True)) == (False, True)


@pytest.mark.parametrize("text", [*NEVER, *METADATA])
def test_addresses_that_no_setting_allows(text: str) -> None:
    assert (allowed(ip_address(text), False), allowed(ip_address(text), True)) == (False, False)


NOT_PUBLIC = "must not be a private, local or reserved address"
NOT_IPV4 = "must have a valid IPv4 address, four decimal numbers"
BAD_PORT = "must have a port from 1 to 65535, or none"
BAD_HOST = "must have a valid host name or address"
NOT_ASCII = "must be ASCII without spaces; write an international name as xn--… and escape its path"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1/", NOT_PUBLIC),
        ("http://[::1]/", NOT_PUBLIC),
        ("http://[::ffff:127.0.0.1]/", NOT_PUBLIC),
        ("http://169.254.169.254/latest/meta-data", NOT_PUBLIC),
        ("http://localhost/", NOT_PUBLIC),
        ("http://LOCALHOST./", NOT_PUBLIC),
        ("http://a.localhost/", NOT_PUBLIC),
        ("http://127.1/", NOT_IPV4),
        ("http://2130706433/", NOT_IPV4),
        ("http://0x7f000001/", NOT_IPV4),
        ("http://0x7f.0.0.1/", "must have a valid IPv4 address, four decimal numbers"),
        ("http://0177.0.0.1/", NOT_IPV4),
        ("http://127.0.0.1./", NOT_IPV4),
        ("ftp://example.com/", "must begin with https:// or http://"),
        ("file:///etc/passwd", "must begin with https:// or http://"),
        ("//example.com/", "must begin with https:// or http://"),
        ("https://user@example.com/", "must not have a user name or password"),
        ("https://user:word@example.com/", "must not have a user name or password"),
        ("https:///path", "must have a host"),
        ("https://example.com:0/", BAD_PORT),
        ("https://example.com:/", BAD_PORT),
        *(
            (f"https://example.com:{port}/", BAD_PORT)
            for port in ("65536", "x", "00", "080", "+80", "-1", "8_0", "80:90", ":80", "0x50", "1e3", "9" * 400)
        ),
        # A version that is not there yet, what is no address, what stands beside one, and a zone of the sender's own.
        *(
            (f"https://{host}/", BAD_HOST)
            for host in (
                "[v1.x]",
                "[v1.x]:443",
                "[vF.example.com]",
                "[example.com]",
                "x[2606:4700::1]",
                "[2606:4700::1]x",
                "[2606:4700::1]x:80",
                "[2606:4700::1%25eth0]",
                "[fe80::1%25en0]",
            )
        ),
        ("https://[2606:4700::1]:/", BAD_PORT),
        ("https://[2606:4700::1]:0/", BAD_PORT),
        ("https://[12:34]/", "must have a valid IPv6 address"),
        ("https://[2606:4700::1::]/", "must have a valid IPv6 address"),
        ("https://:80/", "must have a host"),
        ("https://?a", "must have a host"),
        ("https:example.com", "must have a host"),
        ("https://@example.com/", "must not have a user name or password"),
        ("https://example.com#", "must not have a fragment"),
        ("https://example.com/a?b#", "must not have a fragment"),
        ("https://example.com/%", "must have a % only before two hexadecimal digits"),
        ("https://example.com/%zz?%4", "must have a % only before two hexadecimal digits"),
        ("https://exa\tmple.com/", NOT_ASCII),
        ("https://example.com/\x7f", NOT_ASCII),
        (" https://example.com/", NOT_ASCII),
        ("https:\\\\example.com/", NOT_ASCII),
        ("https://./", "must have a valid host name"),
        ("https://example.com../", "must have a valid host name"),
        ("https://*.example.com/", "must have a valid host name"),
        ("https://example.com;x/", "must have a valid host name"),
        ("https://" + "a" * 64 + ".com/", "must have a valid host name"),
        ("https://example.123/", NOT_IPV4),
        ("https://[::1/", BAD_HOST),
        ("https://example.com/#part", "must not have a fragment"),
        ("https://exa mple.com/", NOT_ASCII),
        ("https://example.com/\r\nX: y", NOT_ASCII),
        ("https://example.com\\@127.0.0.1/", NOT_ASCII),
        ("https://ex\u00e4mple.com/", NOT_ASCII),
        ("https://\uff11\uff12\uff17.0.0.1/", NOT_ASCII),
        ("https://-example.com/", "must have a valid host name"),
        ("https://example..com/", "must have a valid host name"),
        ("https://exam%70le.com/", "must have a valid host name"),
    ],
)
def test_urls_that_are_refused(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        check_literal(url, False)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a?b=c%20d",
        "http://1.1.1.1/",
        "https://[2606:4700:4700::1111]:443/",
        "https://xn--bcher-kva.example./hooks",
        "https://my_host.example.com/",
    ],
)
def test_urls_that_are_fine(url: str) -> None:
    assert check_literal(url, False).geturl() == url


@settings(max_examples=3_000, deadline=None)
@given(st.text("ahtps19fxn:/[]@%.#?-_+\\ \t\x00v", max_size=14), st.booleans())
def test_what_is_allowed_is_read_alike_by_whoever_sends_it(text: str, private: bool) -> None:
    try:
        parts = check_literal(f"http://{text}", private)
    except ValueError:
        return
    host, port = str(parts.hostname), parts.port
    shown = f"[{host}]" if ":" in host else host
    assert parts.netloc.lower() == (shown if port is None else f"{shown}:{port}")
    assert port is None or 0 < port < 65_536
    assert re.fullmatch(r"[0-9a-f:.]+|[a-z0-9_.-]+", host)
    target = parts.geturl()[len(f"http://{parts.netloc}") :]
    assert target == "" or (target[0] in "/?" and target.isascii() and not re.search(r"[\s#\\]", target))


def test_development_allows_its_own_machine() -> None:
    assert check_literal("http://localhost:3000/", True).port == 3000
    assert check_literal("http://192.168.1.5/", True).hostname == "192.168.1.5"
    with pytest.raises(ValueError, match=NOT_PUBLIC):
        check_literal("http://169.254.169.254/", True)


@pytest.mark.parametrize("text", METADATA)
def test_metadata_addresses_in_a_url_are_refused_in_development_too(text: str) -> None:
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(ValueError, match=f"^({NOT_PUBLIC}|{BAD_HOST})$"):
        check_literal(f"http://{host}/computeMetadata/v1/", True)


@pytest.mark.parametrize(
    "host",
    [
        "metadata",
        "metadata.google.internal",
        "METADATA.Google.Internal.",
        "x.metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
    ],
)
def test_names_of_metadata_services_are_refused_in_development_too(host: str) -> None:
    for allow_private in (False, True):
        with pytest.raises(ValueError, match=NOT_PUBLIC):
            check_literal(f"http://{host}/", allow_private)
    assert check_literal("http://mymetadata.google.internal.example.com/", True).hostname


def _named(*texts: str) -> Addresses:
    return Addresses(False, leads_to(*texts))


async def test_all_addresses_of_a_name_must_be_allowed() -> None:
    good = await _named("1.1.1.1", "2606:4700:4700::1111", "1.1.1.1").of("mixed.example")
    assert good == [ip_address("1.1.1.1"), ip_address("2606:4700:4700::1111")]
    with pytest.raises(Refused, match="ADDRESS_REFUSED"):
        await _named("1.1.1.1", "10.0.0.1").of("mixed.example")
    with pytest.raises(Refused, match="NAME_NOT_RESOLVED"):
        await _named().of("empty.example")


async def test_a_name_that_resolves_to_this_machine_is_refused_at_connect_time() -> None:
    async with receiver(OK) as there:
        url = there.url.replace("127.0.0.1", "rebound.example")
        inside = Addresses(False, leads_to("127.0.0.1"))
        answer = await Sender(inside, False).post(url, {}, b"{}")
        assert (answer.status, answer.error, there.requests) == (None, "ADDRESS_REFUSED", [])
        # The same name where loopback is allowed: the connection goes to the address that was judged.
        open_ = Addresses(True, leads_to("127.0.0.1"))
        answer = await Sender(open_, True).post(url, {}, b"{}")
        assert answer.status == 200
        assert there.requests[0].headers["host"] == url.split("/")[2]


async def test_a_name_that_leads_to_metadata_is_refused_in_development_too() -> None:
    for text in METADATA:
        with pytest.raises(Refused, match="ADDRESS_REFUSED"):
            await Addresses(True, leads_to("127.0.0.1", text)).of("rebound.example")


async def test_the_systems_resolver() -> None:
    with pytest.raises(Refused, match="ADDRESS_REFUSED"):
        await Addresses(False).of("localhost")
    assert ip_address("127.0.0.1") in await Addresses(True).of("localhost")
