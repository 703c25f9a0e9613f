"""Which addresses are called for a browser: those of the browsers' own services. Whoever registers a subscription
chooses an address that we call, so nothing else is (CWE-918). Pure but for `PublicResolver`.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from common.errors import InvalidArgument

LONGEST: Final = 2048
_HTTPS: Final = 443
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that may be called. `origin` is what a token is made for (RFC 8292, 2)."""

    url: str
    origin: str
    host: str


def endpoint_of(url: str, hosts: Sequence[str]) -> Endpoint:
    """The endpoint, if it is on one of `hosts` or below: `push.example`, or `push.example:8443` for another port than
    443. A loopback host must be listed by its name and port, and may then be called without TLS.

    Raises:
        InvalidArgument: it may not be called. The message does not repeat it.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _refused("is no address")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        raise _refused("is no address") from None
    host = f"[{host}]" if ":" in host else host
    if parts.username is not None or parts.password is not None or parts.fragment or not host:
        raise _refused("has what no such address has")
    place = host if port in (None, _HTTPS) else f"{host}:{port}"
    if host in _LOOPBACK:
        if place not in hosts or parts.scheme not in ("http", "https"):
            raise _refused("is on a host that is not called")
    elif parts.scheme != "https":
        raise _refused("should begin with https://")
    elif _is_address(host) or not any(place == one or place.endswith("." + one) for one in hosts):
        raise _refused("is on a host that is not called")
    return Endpoint(url, f"{parts.scheme}://{place}", host)


class PublicResolver(AbstractResolver):
    """Finds hosts as `inner` does, but none at an address that is not public, whatever its name servers say. Hosts in
    `private` may be anywhere."""

    def __init__(self, inner: AbstractResolver, private: Sequence[str] = ()) -> None:
        self._inner, self._private = inner, frozenset(private)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if host in self._private:
            return found
        public = [one for one in found if ipaddress.ip_address(one["host"].partition("%")[0]).is_global]
        if not public:
            raise OSError("The host has no public address.")
        return public

    @override
    async def close(self) -> None:
        await self._inner.close()


def loopback_hosts(hosts: Sequence[str]) -> list[str]:
    """Those of a list that are this machine, without their ports."""
    names = (one.rpartition(":")[0] if one.rpartition(":")[2].isdigit() else one for one in hosts)
    return [name for name in names if name in _LOOPBACK]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.rpartition(".")[2].isdigit()  # 127.1 and its like
    return True


def _refused(why: str) -> InvalidArgument:
    return InvalidArgument(f"The endpoint {why}.", details={"field": "subscription.endpoint"})
