"""All workers, as whoever looks for a place sees them."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from common.errors import CarewireError
from config.capabilities.media import MediaSettings
from serve_app.capabilities.meetings.fleet.hatching import Hatchery, NotHatched
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.link import WorkerGone, WorkerLinks
from serve_app.capabilities.meetings.workers.registry import Control, MediaRegistry, WorkerRecord
from serve_app.capabilities.meetings.workers.wire import Stats

_ANSWER_S: Final = 1.0
_TRIES: Final = 3


class NoWorker(RuntimeError):
    """There is none that may take a meeting, and none may be started."""


@dataclass(frozen=True, slots=True)
class WorkerReading:
    """A worker, and what it said; None: it did not answer."""

    record: WorkerRecord
    stats: Stats | None


class Fleet:
    """Of one process."""

    def __init__(
        self, registry: MediaRegistry, links: WorkerLinks, hatchery: Hatchery, settings: MediaSettings
    ) -> None:
        self._registry, self._links, self._hatchery, self._settings = registry, links, hatchery, settings
        self._hatching = asyncio.Lock()

    async def look(self) -> list[WorkerReading]:
        """All of them, asked at once."""
        return list(await asyncio.gather(*(self._see(record) for record in await self._registry.workers())))

    async def place(self, but: Collection[str] = ()) -> WorkerRecord:
        """The least loaded that may take a meeting; one is started where there is none.

        Raises:
            NoWorker: there may be none.
            Unavailable: the database does not answer.
        """
        for _ in range(_TRIES):
            if (found := await self.ready(but)) is not None:
                return found
            async with self._hatching:  # whoever waited looks again: there may be one by now
                if (found := await self.ready(but)) is not None:
                    return found
                await self.start_one()
        raise NoWorker

    async def ready(self, but: Collection[str] = ()) -> WorkerRecord | None:
        """The least loaded that may take a meeting."""
        control = await self._registry.control()
        return None if self.none_may(control) else self.fittest(await self.look(), {*but, *control.draining})

    def fittest(self, seen: Sequence[WorkerReading], but: Collection[str]) -> WorkerRecord | None:
        """The least loaded of these that may take a meeting, by what they said."""
        fit = [each for each in seen if each.record.name not in but and self._fits(each)]
        return min(fit, key=_burden).record if fit else None

    def none_may(self, control: Control) -> bool:
        """Whether there is to be no worker at all."""
        return self._each(control) == 0

    async def most(self, control: Control) -> int:
        """How many there may be, on all nodes."""
        each = self._each(control)
        return each and each * await self._hatchery.nodes()

    def _each(self, control: Control) -> int:
        return self._settings.max_workers if control.max_workers is None else control.max_workers

    async def start_one(self) -> None:
        """Under the first name that is free. Raises NoWorker: there may be no more, or it did not start."""
        names = {record.name for record in await self._registry.workers()}
        if len(names) >= await self.most(await self._registry.control()):
            raise NoWorker
        name = next(name for number in range(len(names) + 1) if (name := f"media-{number}") not in names)
        try:
            await self._hatchery.hatch(name)
        except NotHatched as error:
            raise NoWorker from error

    async def _see(self, record: WorkerRecord) -> WorkerReading:
        try:
            data = await self._links.call_this(record, wire.STATS, b"", timeout_s=_ANSWER_S)
        except (WorkerGone, CarewireError):
            return WorkerReading(record, None)
        return WorkerReading(record, wire.unpacked(data, Stats))

    def _fits(self, seen: WorkerReading) -> bool:
        stats, settings = seen.stats, self._settings
        return (
            stats is not None
            and stats.state == "ready"
            and stats.streams < settings.max_streams
            and stats.load < settings.max_load
        )

    def crowded(self, seen: Sequence[WorkerReading]) -> bool:
        """Whether all that answer are so full that another one is wanted."""
        share, settings = self._settings.start_at, self._settings
        told = [each.stats for each in seen if each.stats is not None and each.stats.state == "ready"]
        return bool(told) and all(
            stats.streams >= share * settings.max_streams or stats.load >= share * settings.max_load for stats in told
        )


def _burden(seen: WorkerReading) -> tuple[float, int, int]:
    assert seen.stats is not None
    return (round(seen.stats.load, 1), seen.stats.streams, len(seen.stats.rooms))
