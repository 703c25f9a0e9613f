"""Unit tests need nothing but the processor: no Ray, no sockets, no waiting on a real clock.

Coroutines run in virtual time, where nothing is waited for. A test that truly needs the real world says so and why:
`@pytest.mark.allows("sockets", reason="...")`, also with `"ray"`, `"sleeps"`, and `"threads"`, for which only a loop on
a real clock can wait.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

import pytest
import ray

from tests.simulation.loop import VirtualLoop

ADVICE: Final = {
    "ray": "pass in what Ray would start, or write it in tests/system",
    "sockets": "pass bytes to the pure part, or write it in tests/integration",
    "sleeps": "play it in virtual time (run in tests/simulation/loop.py), or wait for an event",
}
ALLOWED: Final = (*ADVICE, "threads")
REAL_LOOPS: Final = ("asyncio", "uvloop")  # where classes of loops on a real clock are defined
_sleep: Final = time.sleep
_asyncio_sleep: Final = asyncio.sleep


class ForbiddenInUnitTestError(Exception):
    """A unit test did what would make it slow, or dependent on its surroundings."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    real = {"sockets", "threads", "sleeps"} & {what for marker in item.iter_markers("allows") for what in marker.args}
    return {"real": asyncio.new_event_loop} if real else {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
def refused(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuses what a unit test may not do, and fails the test should its code have swallowed the refusal."""
    allowed: set[str] = set()
    for marker in request.node.iter_markers("allows"):
        assert marker.kwargs.get("reason"), f"{request.node.nodeid}: say why it is allowed"
        assert set(marker.args) <= set(ALLOWED), f"{request.node.nodeid}: one of {', '.join(ALLOWED)} is allowed"
        allowed.update(marker.args)
    refused: list[str] = []

    def refusal(what: str, call: str) -> Callable[..., NoReturn]:
        def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
            refused.append(f"{request.node.nodeid} calls {call}: {ADVICE[what]}")
            raise ForbiddenInUnitTestError(refused[-1])

        return refuse

    if "ray" not in allowed:
        monkeypatch.setattr(ray, "init", refusal("ray", "ray.init"))
    if "sockets" not in allowed:
        for method in ("bind", "connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, method, refusal("sockets", f"socket.{method}"))
        monkeypatch.setattr(socket, "getaddrinfo", refusal("sockets", "socket.getaddrinfo"))
    if "sleeps" not in allowed:
        monkeypatch.setattr(time, "sleep", _sleep_of_subprocess(refusal("sleeps", "time.sleep")))
        monkeypatch.setattr(asyncio, "sleep", _sleep_unless_real(refusal("sleeps", "asyncio.sleep")))
    yield refused
    if refused:
        pytest.fail("\n".join(dict.fromkeys(refused)), pytrace=False)


def _sleep_of_subprocess(refuse: Callable[..., NoReturn]) -> Callable[[float], None]:
    """`time.sleep`, for the standard library only while it waits for a process that it started."""

    def sleep(seconds: float) -> None:
        if sys._getframe(1).f_globals["__name__"] != "subprocess":
            refuse()
        _sleep(seconds)

    return sleep


def _sleep_unless_real(refuse: Callable[..., NoReturn]) -> Callable[..., Any]:
    """`asyncio.sleep`, for loops in virtual time and for turns of the loop (a delay of 0)."""

    async def sleep(delay: float, result: Any = None) -> Any:
        if delay > 0 and type(asyncio.get_running_loop()).__module__.startswith(REAL_LOOPS):
            refuse()
        return await _asyncio_sleep(delay, result)

    return sleep
