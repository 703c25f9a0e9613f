"""A connector that is made when it is first called: who pushes nothing does not import what pushing takes."""

from collections.abc import Callable

from typing_extensions import override

from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector


class Deferred(Connector):
    """`make` makes the one that does the work; it has this name and this capacity."""

    remembers_s = FOR_EVER_S

    def __init__(self, name: str, capacity: Capacity, make: Callable[[], Connector]) -> None:
        self.name, self.capacity = name, capacity
        self._make = make
        self._made: Connector | None = None

    @override
    async def carry_out(self, call: Call) -> bytes:
        if self._made is None:
            self._made = self._make()
        return await self._made.carry_out(call)

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()
