"""What safety holds of one person: their own reports, blocks and restrictions are handed out; blocks end when they are
erased. Evidence stays for its time, sealed under the key of its case."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.moderation.shield.commands import ForgetShield
from actors.moderation.showing import ShownReport
from serve_app.capabilities.capability import Section
from serve_app.capabilities.moderation.blocks import Blocks
from serve_app.capabilities.moderation.cases import Cases
from serve_app.capabilities.moderation.reports import Reports

_PAGE = 200


class PersonalSafety:
    """One a replica of the API."""

    def __init__(self, entities: EntityClient, reports: Reports, blocks: Blocks, cases: Cases) -> None:
        self._entities, self._reports, self._blocks, self._cases = entities, reports, blocks, cases

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "reports", self._own_reports(who.user)
        yield "blocks", await self._blocks.list(who, trace)
        yield "restrictions", {"restrictions": await self._cases.restrictions_of(who.user)}

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._entities.ask(f"shield:{user}", ForgetShield(), by=SYSTEM)

    async def _own_reports(self, user: str) -> AsyncIterator[ShownReport]:
        before: int | None = None
        while page := await self._reports.page(user, before=before, limit=_PAGE):
            for _, one in page:
                yield one
            before = page[-1][0]
