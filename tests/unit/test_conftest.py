"""What unit tests may not do is refused, with a word on what to do instead."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import ray

from tests.unit.conftest import ForbiddenInUnitTestError


@ray.remote
def remote() -> None:
    """What Ray would start itself for."""


def listen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))


@pytest.mark.parametrize(
    "call",
    [
        listen,
        lambda: socket.create_connection(("127.0.0.1", 1)),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: time.sleep(0.001),
        lambda: asyncio.run(asyncio.sleep(0.001)),
        lambda: ray.init(),
        lambda: remote.remote(),
    ],
    ids=["listen", "connect", "resolve", "sleep", "sleep on a real loop", "ray", "ray by itself"],
)
def test_it_is_refused_and_the_test_is_named(call: Callable[[], Any], refused: list[str]) -> None:
    with pytest.raises(ForbiddenInUnitTestError, match=r"test_it_is_refused_and_the_test_is_named\[.* calls .*: ."):
        call()
    assert len(refused) == 1  # which fails the test when it ends, whoever swallowed the error
    refused.clear()


@pytest.mark.allows("sockets", reason="what is allowed by name is what is tested")
def test_what_is_allowed_by_name_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] > 0


async def test_coroutines_wait_for_nothing() -> None:
    began_s = time.monotonic()
    await asyncio.sleep(3600)
    assert time.monotonic() - began_s < 60
