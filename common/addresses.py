"""The client address of a request, and the network that it counts as."""

from ipaddress import IPv6Address
from typing import Final

_LONGEST: Final = 64
_SUBSCRIBER_BITS: Final = 64


def client_address(peer: str, forwarded_for: str, trusted_proxies: int) -> str:
    """The client's address: the peer's, or what the outermost trusted proxy says it saw (X-Forwarded-For)."""
    if trusted_proxies == 0:
        return peer
    seen = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    return seen[-trusted_proxies][:_LONGEST] if len(seen) >= trusted_proxies else peer


def network_of(address: str) -> str:
    """The unit that limits count by: the address itself, or its /64 with IPv6, which is what one subscriber gets."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> _SUBSCRIBER_BITS << _SUBSCRIBER_BITS))
