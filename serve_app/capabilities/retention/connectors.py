"""The connector `keeper`, and the daily job. Its partner is Carewire itself."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

import msgspec
from typing_extensions import override

from actors.files.commands import HoldFile
from actors.files.views import UNDER_HOLDS
from actors.jobs.commands import StartJob
from actors.keeping.activities import KEEPER, LetGo
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from config.settings import Settings
from serve_app.activities.connector import Capacity, Connector, OwnConnector
from serve_app.capabilities.connecting import Connectors, JobWork, RunnerContext
from serve_app.capabilities.retention.aging import KIND, Aging
from serve_app.capabilities.retention.telling import KIND as TELLING
from serve_app.capabilities.retention.telling import RetentionNotices
from store.ports.holds import owner_of
from store.ports.vault import Vault
from store.ports.views import ViewQuery, Views

_DAY_MS: Final = 86_400_000
_PAGE: Final = 200
_work: Final = msgspec.msgpack.Decoder(LetGo).decode


class KeeperConnector(OwnConnector[LetGo]):
    """One a runner. Whatever it does may be done again."""

    name = KEEPER
    capacity = Capacity(at_once=4, call_s=60.0)

    def __init__(self, entities: EntityClient, views: Views, vault: Vault) -> None:
        super().__init__(_work)
        self._entities, self._views, self._vault = entities, views, vault

    @override
    async def do(self, work: LetGo) -> bytes:
        await self._vault.erase(owner_of(work.hold))
        async for file in self._files(work.hold):
            await self._entities.ask(f"file:{file}", HoldFile(hold=work.hold, on=False), by=SYSTEM)
        return b""

    async def _files(self, hold: str) -> AsyncIterator[str]:
        after: str | None = None
        while True:
            query = ViewQuery(collection=UNDER_HOLDS, equal={"hold": hold}, order_by="file", above=after, limit=_PAGE)
            found = [str(view.fields["file"]) for view in await self._views.find(query)]
            for file in found:
                yield file
            if len(found) < _PAGE:
                return
            after = found[-1]


def _open(context: RunnerContext) -> Iterable[Connector]:
    yield KeeperConnector(context.region, context.stores.views, context.stores.vault)


def _aging(context: RunnerContext) -> JobWork:
    return Aging(context.region, context.stores.journal, context.clock)


def _daily(_: Settings) -> Iterable[StartJob]:
    yield StartJob(kind=KIND, every_ms=_DAY_MS)


def _telling(context: RunnerContext) -> JobWork:
    return RetentionNotices(context.region, context.stores.journal, context.clock)


CONNECTORS: Final = Connectors(open=_open, jobs={KIND: _aging, TELLING: _telling}, daily=_daily)
