"""Which addresses webhooks may go to.

By lists of our own: `ipaddress` takes 192.0.0.192, a metadata service, for public, and all of 2002::/16,
which leads to any IPv4 address.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable

from bifocal.errors import InvalidWebhook

Resolve = Callable[[str, int], list[str]]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*names: str) -> tuple[_Network, ...]:
    return tuple(map(ipaddress.ip_network, names))


#: Nobody's receiver is there, whatever an operator allows.
_NEVER = _networks(
    "0.0.0.0/8",  # this host
    "169.254.0.0/16",  # link-local; 169.254.169.254 is the metadata of most clouds
    "168.63.129.16/32",  # Azure's host
    "100.100.100.200/32",  # Alibaba's metadata
    "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # documentation
    "192.88.99.0/24",  # relays of 6to4
    "224.0.0.0/4", "240.0.0.0/4",  # multicast; reserved, broadcast
    "fd00:ec2::/32",  # Amazon's metadata
    "fd20:ce::254/128",  # Google's metadata
)  # fmt: skip

#: Of private networks and this machine: where an operator allows it.
_INSIDE = _networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "198.18.0.0/15",
    "::1/128", "fc00::/7",
)  # fmt: skip

#: All that is assigned for the public Internet, less what of it leads elsewhere.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL_V6 = _networks(
    "2001::/23",  # Teredo, which holds IPv4 addresses, ORCHID, benchmarks
    "2001:db8::/32", "3fff::/20",  # documentation
    "2002::/16",  # 6to4, which holds IPv4 addresses
)  # fmt: skip

#: What a translator makes of a name that has only IPv4 addresses: it is judged by the one it holds.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def may_be_reached(address: str, *, private: bool) -> bool:
    """Whether a webhook may go to an address; `private` allows those of private networks and this machine."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if found in _NAT64:
        found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if _is_in(found, _NEVER):
        return False
    if _is_in(found, _INSIDE):
        return private
    if isinstance(found, ipaddress.IPv4Address):
        return True
    return found in _GLOBAL_V6 and not _is_in(found, _NOT_GLOBAL_V6)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name.

    Raises:
        OSError: it has none, or nobody could be asked.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except UnicodeError:
        raise OSError("the name is none") from None
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def checked(addresses: Iterable[str], *, private: bool) -> list[str]:
    """The addresses of a name, if all may be reached: one that may not makes the name suspect.

    Raises:
        InvalidWebhook: one may not be reached. The message does not say which.
    """
    found = list(addresses)
    if not found or not all(may_be_reached(address, private=private) for address in found):
        raise InvalidWebhook(
            "webhook.url: the host has an address that webhooks may not go to"
            + ("" if private else "; only public ones are allowed here (BIFOCAL_WEBHOOK_PRIVATE)")
        )
    return found


def _is_in(address: _Address, networks: tuple[_Network, ...]) -> bool:
    return any(address in network for network in networks)
