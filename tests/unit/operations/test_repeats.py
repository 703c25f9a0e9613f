"""Deeds that are named by a `request_id`: done once, whatever is sent again."""

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from actors.kernel.contract.entity import Principal
from common.errors import Conflict, Unavailable
from serve_app.capabilities.operations.clock import AdvanceClock, PlatformClock, clock_operations
from serve_app.edge.conventions.repeats.idempotency import StoredAnswer, in_use
from serve_app.edge.operation import Caller, Operation, encoded, result_of
from serve_app.edge.repeats import FIELD, Repeats
from store.memory.platform_time import MemoryPlatformTime
from store.platform_time import ProcessClock

ROOT, ANN = (Caller(Principal(user, "admin"), "") for user in ("root", "ann"))


@dataclass
class Kept:
    """Answers, in memory."""

    fingerprints: dict[str, str] = field(default_factory=dict)
    answers: dict[str, StoredAnswer] = field(default_factory=dict)

    async def begin(self, key: str, fingerprint: str, subject: str, *, lease_s: float) -> StoredAnswer | None:
        if self.fingerprints.setdefault(key, fingerprint) != fingerprint:
            raise in_use(FIELD)
        if key in self.answers:
            return self.answers[key]
        return None

    async def finish(self, key: str, subject: str, answer: StoredAnswer) -> None:
        self.answers[key] = answer

    async def release(self, key: str) -> None:
        self.fingerprints.pop(key, None)


@dataclass
class Time:
    """The platform's, in milliseconds, and its record."""

    now_ms: int = 0
    trouble: list[Exception] = field(default_factory=list)

    async def advance(self, by_ms: int, deed: str) -> int:
        if self.trouble:
            raise self.trouble.pop()
        self.now_ms += by_ms
        return self.now_ms

    async def append(self, _: object) -> None:
        """The audit record takes everything."""


def the_operation(time: Time) -> Operation[Any]:
    (operation,) = clock_operations(time, cast(Any, time))
    return operation


async def moved(operation: Operation[Any], caller: Caller, **asked: Any) -> Any:
    return msgspec.json.decode(encoded(result_of(await operation.call(AdvanceClock(**asked), caller)).body))


async def test_a_repeated_request_moves_time_once_and_is_answered_as_the_first_time() -> None:
    time = Time()
    clock = Repeats(Kept()).known(the_operation(time))
    first = await moved(clock, ROOT, advance_s=10, request_id="r1")
    await moved(clock, ROOT, advance_s=1, request_id="r2")
    assert await moved(clock, ROOT, advance_s=10, request_id="r1") == first
    assert time.now_ms == 11_000
    await moved(clock, ANN, advance_s=10, request_id="r1")  # another's id is another deed
    await moved(clock, ROOT, advance_s=10)
    await moved(clock, ROOT, advance_s=10)
    assert time.now_ms == 41_000


async def test_without_the_store_a_repeat_moves_it_again() -> None:
    time = Time()
    for _ in range(2):
        await moved(the_operation(time), ROOT, advance_s=10, request_id="r1")
    assert time.now_ms == 20_000


class NoShards:
    """Nobody else goes by the time."""

    async def names(self) -> list[str]:
        return []

    async def stats(self, shard: str) -> dict[str, object]:
        raise AssertionError(shard)


async def test_a_repeat_of_a_move_whose_maker_died_before_it_could_answer_moves_nothing() -> None:
    stored = MemoryPlatformTime()
    for life in range(2):
        process = ProcessClock(stored, settable=True)
        await process.start()
        (operation,) = clock_operations(PlatformClock(process, NoShards()), cast(Any, Time()))
        await moved(operation, ROOT, advance_s=10, request_id="r1")
        assert await stored.ahead_ms() == 10_000 + 2000 * life
        await moved(operation, ANN, advance_s=1, request_id="r1")  # another's id is another deed
        assert await stored.ahead_ms() == 11_000 + 1000 * life
        await moved(operation, ROOT, advance_s=1)
        await process.stop()


async def test_an_id_belongs_to_one_request_and_what_failed_may_be_tried_again() -> None:
    time = Time(trouble=[Unavailable("not now")])
    clock = Repeats(Kept()).known(the_operation(time))
    with pytest.raises(Unavailable):
        await moved(clock, ROOT, advance_s=10, request_id="r1")
    await moved(clock, ROOT, advance_s=10, request_id="r1")
    with pytest.raises(Conflict) as caught:
        await moved(clock, ROOT, advance_s=11, request_id="r1")
    assert caught.value.details == {"field": "request_id"}
    assert time.now_ms == 10_000
