"""The connector `duty`: tells whoever is on duty of cases that wait for too long, has rooms post what was released,
destroys the key of evidence after its time, and has people out of meetings. Its partner is Carewire itself."""

from collections.abc import Iterable
from typing import Final, assert_never

import msgspec
from typing_extensions import override

from actors.inboxes.commands import Deliver
from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import SYSTEM
from actors.moderation.activities import DUTY, DestroyEvidence, DutyWork, PostReleased, PutOut, TellDuty
from actors.moderation.case.commands import GetHeldContents
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.rooms.safety.commands import DropHeld, PostHeld
from common.clock import Clock
from common.ids import derived_id
from serve_app.activities.connector import Capacity, Connector, OwnConnector
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.moderation.partings import Partings
from store.ports.vault import Vault

_MOST: Final = 200  # of a role that are told
_ON_DUTY: Final = ("moderator", "admin")
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode
_work: Final = msgspec.msgpack.Decoder(DutyWork).decode


class DutyConnector(OwnConnector[DutyWork]):
    """One a runner. Whatever it does may be done again: commands have ids, keys are gone once."""

    name = DUTY
    capacity = Capacity(at_once=16, call_s=10.0)

    def __init__(
        self, region: Region, roles: Roles, vault: Vault, partings: Partings, clock: Clock, *, notifies: bool
    ) -> None:
        """`notifies`: are there notifications?"""
        super().__init__(_work)
        self._region, self._roles, self._vault, self._clock = region, roles, vault, clock
        self._partings, self._notifies = partings, notifies

    @override
    async def do(self, work: DutyWork) -> bytes:
        match work:
            case TellDuty():
                await self._tell(work)
            case PostReleased():
                await self._post(work)
            case DestroyEvidence():
                await self._vault.erase(f"case:{work.case}")
            case PutOut():
                await self._partings.put_out(work)
            case _:
                assert_never(work)
        return b""

    async def _tell(self, work: TellDuty) -> None:
        payload = _to_json({"case_id": work.case, "severity": work.severity})
        made = derived_id("evt", self._clock.platform_ms(), f"{work.case}#{work.raised}#overdue")
        for role in _ON_DUTY:
            for user in await self._roles.page(role, limit=_MOST):
                named = f"overdue\0{work.case}\0{work.raised}\0{user}"
                deliver = Deliver(made, "case_overdue", payload)
                await self._region.ask(f"user:{user}", deliver, by=SYSTEM, command_id=named)
                if self._notifies:
                    subject = Subject("case", work.case, work.raised)
                    tell = Tell(name="case_overdue", subject=subject, values={"case_id": work.case})
                    await self._region.ask(f"notifier:{user}", tell, by=SYSTEM, command_id=named)

    async def _post(self, work: PostReleased) -> None:
        found = await self._region.ask(f"case:{work.case}", GetHeldContents(), by=SYSTEM)
        held = found.held
        command = DropHeld(held=held.id)
        if work.released:
            post = PostHeld(
                held=held.id, sender=held.sender, content=found.content, kind=found.kind, target=held.edit_of
            )
            await self._region.ask(f"room:{held.room}", post, by=SYSTEM)
        else:
            await self._region.ask(f"room:{held.room}", command, by=SYSTEM)


def _open(context: RunnerContext) -> Iterable[Connector]:
    roles = Roles(context.database, context.clock)
    partings = Partings(context.region, context.stores.views)
    notifies = context.settings.features.notifications
    yield DutyConnector(
        region=context.region,
        roles=roles,
        vault=context.stores.vault,
        partings=partings,
        clock=context.clock,
        notifies=notifies,
    )


CONNECTORS: Final = Connectors(feature="moderation", open=_open)
