"""The `Search` deployment: the process that keeps the index (`serve_app.capabilities.search.process`)."""

from typing import Final

from actors.calendars.booking.kind import BookingKind
from actors.calendars.calendar.kind import CalendarKind
from actors.files.kind import FileKind
from actors.kernel.contract.entity import AnyKind
from actors.rooms.room.kind import RoomKind
from actors.worksheets.worksheet.kind import WorksheetKind
from common.lib.allocator import share_arenas
from common.lib.collector import calm_collector
from config.settings import Settings
from serve_app.capabilities.search.process.engines import open_engine
from serve_app.capabilities.search.process.process import SearchContext, SearchProcess
from serve_app.cluster.alone.runtime import LAST, Runtime
from serve_app.cluster.spec import CarewireSpec

NAME: Final = "search"


def kinds_of(settings: Settings) -> list[AnyKind]:
    """Those whose turns are read (`sources.table.feeders_of`)."""
    return [RoomKind(settings.rooms), BookingKind(), CalendarKind(), FileKind(), WorksheetKind()]


class SearchReplica:
    """The one replica: Serve starts it, asks for its health, and lets it end."""

    async def __init__(self, recipe: CarewireSpec) -> None:  # type: ignore[misc] # Serve awaits it
        share_arenas()
        settings = recipe.settings
        self._runtime = runtime = await Runtime.open(recipe, NAME, kinds_of(settings), nice=LAST)
        context = SearchContext(
            settings=settings,
            clock=runtime.clock,
            region=runtime.region,
            stores=runtime.stores,
            database=runtime.database,
            kinds=runtime.kinds,
            root=runtime.root,
            registry=runtime.member.registry,
            feed=runtime.feed,
        )
        self._process = SearchProcess(context, open_engine(settings, runtime.clock))
        await self._process.start(runtime.member.host, settings.cluster.port_range, runtime.member.tls)
        await runtime.member.join(self._process.stats)
        calm_collector()

    async def check_health(self) -> None:
        """Serve asks now and then; answering at all is the answer."""

    async def __del__(self) -> None:
        """Close: the index is durable, and the next life goes on from there."""
        await self._process.stop()
        await self._runtime.close()
