"""The address that a process listens on, tried before a framework tries it."""

import errno
import socket

from server.errors import CommandError, SettingsError


def require_free_port(host: str, port: int, setting: str = "PORT") -> None:
    """Raise SettingsError when HOST is no address of this machine, CommandError when the port of a setting cannot be
    had. Each is one line."""
    where = f"cannot listen on {host} port {port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, socket_type, protocol, _, address in found:
            with socket.socket(family, socket_type, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except UnicodeError:
        # What getaddrinfo raises for a name with an empty part, or one that is too long.
        raise SettingsError(f"HOST: {where} (not a host name)") from None
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise SettingsError(f"HOST: {where} ({error.strerror})") from None
        raise CommandError(f"{where} ({error.strerror}): set {setting} or HOST to another") from None
