"""The address that the API listens on, tried before a framework tries it."""

import socket

from server.errors import CommandError
from server.settings import LocalSettings


def require_free_port(settings: LocalSettings) -> None:
    """Raise CommandError, one line, when HOST is no address of this machine or something listens on PORT."""
    where = f"cannot listen on {settings.host} port {settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except UnicodeError:
        # What getaddrinfo raises for a name with an empty part, or one that is too long.
        raise CommandError(f"{where} (not a host name): set HOST to another") from None
    except OSError as error:
        raise CommandError(f"{where} ({error.strerror}): set PORT or HOST to another") from None
