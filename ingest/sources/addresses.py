"""Which addresses a source may be at: public ones, and those that the operator allows (case 15)."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from ingest.sources.errors import AddressRefusedError
from kb.conf import config
from kb.exceptions import ConfigurationError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def check_address(text: str) -> None:
    """Raises AddressRefusedError for loopback, link-local, private and other addresses that are not public.

    Addresses of IPv4 inside IPv6 (`::ffff:127.0.0.1`, 6to4, Teredo, NAT64) count as what they carry.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    every = {address, *_carried(address)}
    if any(not _is_public(one) and not _is_allowed(one) for one in every):
        raise AddressRefusedError(
            f"The source is at {address}, an address inside a network of yours. "
            "The operator allows such networks with KB_SOURCE_NETWORKS."
        )


def check_host(host: str, port: int | None = None) -> None:
    """Look a name up, and check every address that it has.

    Raises:
        AddressRefusedError: one of them is not allowed, or the name has none.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError(f"There is no address for {host!r}.") from error
    for *_, where in found:
        check_address(str(where[0]))


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """The socket that is about to connect: whatever a name meant a moment ago, this address decides.

    Raises:
        AddressRefusedError: not to there.
    """
    family, kind, protocol, _, where = info
    check_address(str(where[0]))
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def allowed_networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Raises ConfigurationError when KB_SOURCE_NETWORKS holds something else."""
    try:
        return [ipaddress.ip_network(text) for text in config.source_networks]
    except ValueError as error:
        raise ConfigurationError(f"KB_SOURCE_NETWORKS: {error}.") from error


def _carried(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    teredo = address.teredo or (None, None)
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    found = (address.ipv4_mapped, address.sixtofour, teredo[1], nat64)
    return [one for one in found if one is not None]


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and _carried(address):
        return True  # what it carries is checked beside it
    return address.is_global and not address.is_multicast


def _is_allowed(address: Address) -> bool:
    return any(address in network for network in allowed_networks())
