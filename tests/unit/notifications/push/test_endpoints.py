"""Which addresses are called for a browser."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from common.errors import InvalidArgument
from serve_app.capabilities.notifications.connectors.endpoints import PublicResolver, endpoint_of, loopback_hosts

HOSTS = ["push.example", "other.example:8443", "localhost:9001", "[::1]:9002"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://push.example/a", "https://push.example"),
        ("https://updates.push.example:443/a?b=c", "https://updates.push.example"),
        ("https://UPDATES.Push.example/a", "https://updates.push.example"),
        ("https://other.example:8443/a", "https://other.example:8443"),
        ("http://localhost:9001/a", "http://localhost:9001"),
        ("https://localhost:9001/a", "https://localhost:9001"),
        ("http://[::1]:9002/a", "http://[::1]:9002"),
    ],
)
def test_a_listed_host_may_be_called(url: str, origin: str) -> None:
    assert endpoint_of(url, HOSTS).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "push.example/a",
        "http://push.example/a",
        "ftp://push.example/a",
        "https://evil.example/a",
        "https://push.example.evil.example/a",
        "https://evilpush.example/a",
        "https://user@push.example/a",
        "https://user:password@push.example/a",
        "https://push.example@evil.example/a",
        "https://push.example:8443/a",
        "https://push.example:0/a",
        "https://push.example:99999/a",
        "https://push.example/a#b",
        "https://push.example\\@evil.example/a",
        "https://push.example/a b",
        "https://push.example/a\r\nX-Evil: 1",
        "https://push.exämple/a",
        "https://push.example/" + "a" * 2048,
        "https://10.0.0.1/a",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a",
        "https://127.1/a",
        "https://2130706433/a",
        "http://localhost/a",
        "http://localhost:9003/a",
        "http://127.0.0.1:9001/a",
    ],
)
def test_no_other_address_is_called_and_none_is_repeated(url: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        endpoint_of(url, HOSTS)
    assert refusal.value.details == {"field": "subscription.endpoint"}
    assert not url or url not in refusal.value.message


def test_an_address_is_not_called_even_where_its_suffix_is_listed() -> None:
    with pytest.raises(InvalidArgument):
        endpoint_of("https://10.0.0.1/a", ["0.0.1", "10.0.0.1"])


class _Resolver(AbstractResolver):
    """Name servers of somebody who means no good."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in self._addresses
        ]

    @override
    async def close(self) -> None:
        """Nothing is open."""


async def test_a_public_name_that_leads_inside_is_not_followed() -> None:
    inside = PublicResolver(_Resolver("10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"))
    with pytest.raises(OSError, match="no public address"):
        await inside.resolve("push.example", 443)
    both = PublicResolver(_Resolver("10.0.0.1", "93.184.216.34"))
    assert [one["host"] for one in await both.resolve("push.example", 443)] == ["93.184.216.34"]


async def test_this_machine_is_found_where_it_is_listed() -> None:
    assert loopback_hosts(HOSTS) == ["localhost", "[::1]"]
    resolver = PublicResolver(_Resolver("127.0.0.1"), loopback_hosts(HOSTS))
    assert [one["host"] for one in await resolver.resolve("localhost", 9001)] == ["127.0.0.1"]
