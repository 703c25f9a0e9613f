"""How the script asks, and what it asks of every operation alike."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.exchanges.stage import BEGIN_MS, Asked

Perform = Callable[[Asked], Awaitable[Any]]
HOURS: Final = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
SERVICES: Final = [
    {"service_id": "talk", "title": "Talk", "duration_minutes": 60, "price": {"amount": 9000, "currency": "EUR"}},
    {"service_id": "group", "duration_minutes": 90, "capacity": 3, "format": "video"},
]
SCHEDULE: Final = {
    "tz": "Europe/Berlin",
    "weekly": HOURS,
    "slot_minutes": 60,
    "services": SERVICES,
    "blackouts": [{"start": "2027-06-01T00:00:00Z", "end": "2027-06-02T00:00:00Z", "reason": "away"}],
}
STRANGERS: Final = ("nobody", "cat", "eve", "mo")
EVERYBODY: Final = ("nobody", "ann", "bob", "doc", "eve", "mo", "root")
TALK: Final = {"therapist_id": "doc", "service_id": "talk"}


def when(hours: int) -> str:
    """So many hours after the first midnight."""
    first = datetime.fromtimestamp(BEGIN_MS / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Asking:
    """Asks, and keeps what was answered where a later request needs it."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self._hours = itertools.count(24 * 7, 2)  # no two bookings of the script at one time

    async def rest(self, who: str, method: str, at: str, body: Any = None, **more: Any) -> Any:
        """One request."""
        told = await self._perform(Asked(who=who, at=at, method=method, body=body, **more))
        return told["body"]

    async def emit(self, who: str, event: str, *payloads: Any, **more: Any) -> Any:
        """One event."""
        told = await self._perform(Asked(who=who, at=event, payloads=list(payloads), **more))
        return told.get("data", {})

    def next_start(self) -> str:
        """A time that nobody has."""
        return when(next(self._hours))

    async def malformed(self, who: str, method: str, path: str, event: str, good: dict[str, Any]) -> None:
        """Bodies and payloads that are not what is asked for."""
        inside = {name: value for name, value in good.items() if "{" + name + "}" not in path}
        address = path.format(**good)
        for raw in ("{", "[]", "null", '"text"', "", '{"colour":"red"}', "\u00ff", '{"a":' * 40 + "1" + "}" * 40):
            await self.rest(who, method, address, raw=raw)
        payloads: tuple[list[Any], ...] = (["text"], [[]], [None], [], [good, good], [good | {"colour": "red"}], [{}])
        for sent in payloads:
            await self.emit(who, event, *sent)
        for name in good:
            for wrong in (None, 7, {"$gt": ""}, "", "a b\n", "x" * 5000):
                if name in inside:
                    await self.rest(who, method, address, inside | {name: wrong})
                await self.emit(who, event, good | {name: wrong})
            if name in inside:
                await self.rest(who, method, address, {k: v for k, v in inside.items() if k != name})
            else:
                await self.rest(who, method, address, inside | {name: good[name]})
            await self.emit(who, event, {k: v for k, v in good.items() if k != name})

    async def bad_addresses(self, who: str, method: str, path: str, event: str, name: str, body: Any = None) -> None:
        """Ids in the address that are none."""
        for wrong in ("-x", "a%20b", "a%0a", "x" * 129, "%E2%82%AC", "nothing-there"):
            await self.rest(who, method, path.replace("{" + name + "}", wrong), body)
        await self.emit(who, event, {name: "nothing-there"} | (body or {}))

    async def made(self, who: str = "ann", **more: Any) -> dict[str, Any]:
        """A new booking."""
        body: dict[str, Any] = await self.rest(who, "POST", "/api/bookings", TALK | {"start": self.next_start()} | more)
        return body
