"""The predictor's client: what shares a call, and what becomes of it when a call fails."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from ray.exceptions import RayActorError

from common.errors import Overloaded, Unavailable
from config.ml import MlSettings
from serve_app.capabilities.prediction.client import PredictorClient

Request = tuple[str, dict[str, object]]


class Handle:
    """Stands for the deployment handle. Calls wait until they are let through; each answer echoes its request."""

    def __init__(self) -> None:
        self.calls: list[Sequence[Request]] = []
        self.go, self.called = asyncio.Event(), asyncio.Event()
        self.fails: Exception | None = None

    @property
    def ask_many(self) -> Any:
        return self

    async def remote(self, requests: Sequence[Request]) -> list[dict[str, object]]:
        self.calls.append(requests)
        self.called.set()
        await self.go.wait()
        if self.fails is not None:
            raise self.fails
        return [{"echo": body["n"]} for _, body in requests]


def client_of(handle: Any, **settings: Any) -> PredictorClient:
    return PredictorClient(handle, MlSettings(**({"bundle_wait_ms": 0.0, "calls_in_flight": 1} | settings)))


async def ask(client: PredictorClient, n: int, method: str = "predict") -> object:
    return (await client.ask(method, {"n": n}))["echo"]


async def asked_while_a_call_is_out(client: PredictorClient, count: int) -> "list[asyncio.Task[object]]":
    tasks = [asyncio.create_task(ask(client, n)) for n in range(count)]
    await asyncio.sleep(0)  # one turn of the loop: all have asked, the first call has left
    await asyncio.sleep(0)
    return tasks


async def test_an_idle_predictor_is_asked_at_once_and_what_comes_meanwhile_shares_the_next_call() -> None:
    handle = Handle()
    client = client_of(handle)
    first = asyncio.create_task(ask(client, -1))
    await handle.called.wait()
    later = await asked_while_a_call_is_out(client, 20)
    assert [len(call) for call in handle.calls] == [1]
    handle.go.set()
    assert await asyncio.gather(first, *later) == [-1, *range(20)]
    assert [len(call) for call in handle.calls] == [1, 20]


async def test_a_call_carries_no_more_than_a_bundle() -> None:
    handle = Handle()
    handle.go.set()
    tasks = await asked_while_a_call_is_out(client_of(handle, bundle_size=8), 20)
    assert await asyncio.gather(*tasks) == list(range(20))
    assert max(len(call) for call in handle.calls) == 8


async def test_only_predictions_wait_for_each_other() -> None:
    handle = Handle()
    client = client_of(handle)
    tasks = await asked_while_a_call_is_out(client, 3)
    await handle.called.wait()
    handle.called.clear()
    other = asyncio.create_task(ask(client, 9, "next_question"))
    await handle.called.wait()
    assert handle.calls[1] == [("next_question", {"n": 9})]
    handle.go.set()
    assert await asyncio.gather(*tasks, other) == [0, 1, 2, 9]


async def test_a_call_that_fails_is_unavailable_to_all_in_it_and_the_next_one_leaves() -> None:
    handle = Handle()
    client = client_of(handle)
    handle.fails = RayActorError()
    handle.go.set()
    outcomes = await asyncio.gather(*(ask(client, n) for n in range(5)), return_exceptions=True)
    assert {type(one) for one in outcomes} == {Unavailable}
    handle.fails = None
    assert await ask(client, 7) == 7


async def test_who_has_given_up_is_not_carried() -> None:
    handle = Handle()
    client = client_of(handle)
    first = asyncio.create_task(ask(client, 1))
    await handle.called.wait()
    gone, waits = await asked_while_a_call_is_out(client, 2)
    gone.cancel()
    handle.go.set()
    assert [await first, await waits] == [1, 1]
    assert [len(call) for call in handle.calls] == [1, 1]


async def test_no_answer_in_time_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await ask(client_of(Handle(), deadline_s=0.01), 1)


async def test_too_many_that_wait_are_told_so_at_once() -> None:
    handle = Handle()
    client = client_of(handle, max_waiting=3)
    first = asyncio.create_task(ask(client, 0))
    await handle.called.wait()
    tasks = await asked_while_a_call_is_out(client, 3)
    with pytest.raises(Overloaded):
        await ask(client, 9)
    handle.go.set()
    await asyncio.gather(first, *tasks)
