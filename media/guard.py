"""The gate at the socket: which addresses a download may be connected to.

The check stands where the socket is made, since a check of names or in the resolver misses
addresses written as numbers and names that resolve differently a moment later.
"""

import errno
import ipaddress
import socket
from collections.abc import Callable, Collection

from aiohttp.connector import AddrInfoType

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments, globally reachable in part
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID and what else holds an IPv4 inside
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, an IPv4 inside
        "3fff::/20",  # documentation
    )
)


class AddressRefusedError(OSError):
    """The address is not public; no socket was made for it."""

    def __init__(self) -> None:
        # One text for all addresses: several refused ones of a name are then reported as one.
        super().__init__(errno.EACCES, "the address is not public")


def is_public(address: str) -> bool:
    """Say whether `address` is a public unicast address in its plain notation.

    False for everything else: private, loopback, link-local, shared, multicast, reserved and
    documentation ranges, IPv6 forms with an IPv4 inside, scoped addresses, names, odd notations.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed.is_global and not any(parsed in block for block in _REFUSED_V4)
    return (
        parsed.scope_id is None
        and parsed in _UNICAST_V6
        and parsed.is_global
        and not any(parsed in block for block in _REFUSED_V6)
    )


def public_only(address: AddrInfoType) -> socket.socket:
    """Make the socket for a resolved address, for aiohttp's `socket_factory`.

    Raises AddressRefusedError, before a socket exists, unless the address is public.
    """
    if not is_public(str(address[4][0])):
        raise AddressRefusedError
    return _socket(address)


def only(endpoints: Collection[tuple[str, int]]) -> Callable[[AddrInfoType], socket.socket]:
    """Return a factory that makes sockets for these (address, port) pairs and no others."""
    allowed = frozenset(endpoints)

    def make(address: AddrInfoType) -> socket.socket:
        if (str(address[4][0]), int(address[4][1])) not in allowed:
            raise AddressRefusedError
        return _socket(address)

    return make


def _socket(address: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)
