"""A call of two, for tests of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from realtime.media.budgets import MediaLimits
from realtime.media.unit import MediaUnit
from tests.integration.media.clients import Client, Heard, Picture, Tone, a_unit
from tests.waiting import eventually

ALL = ("microphone", "camera", "screen")


@asynccontextmanager
async def a_call(
    *, limits: MediaLimits | None = None, amplitude: int = 8000
) -> AsyncIterator[tuple[MediaUnit, Heard, Client, Client]]:
    """Ann sends sound and a picture, Ben gets them in sections 0 and 1."""
    async with a_unit(limits) as (unit, heard):
        ann, ben = Client(unit, "r", "ann"), Client(unit, "r", "ben")
        for client in (ann, ben):
            unit.admit("r", client.person, ALL)
        ann.send("microphone", Tone(amplitude))
        ann.send("camera", Picture(200))
        ben.receive()
        try:
            yield unit, heard, ann, ben
        finally:
            await ann.leave()
            await ben.leave()


async def eventually_sent(unit: MediaUnit, client: Client) -> None:
    """Wait until some seconds' worth of packets have come from `client`, so that its first key frame is long past."""
    before = unit.received

    async def enough() -> bool:
        return unit.received > before + 50

    await eventually(enough, f"{client.person} sends nothing")
