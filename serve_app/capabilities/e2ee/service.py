"""Keys as doors serve them: who may have whose, and which devices there are still. The rules are the entity's."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from actors.devicekeys import commands
from actors.devicekeys.records import ClaimedKey, ShownDevice
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import SYSTEM, Command, Principal, as_themselves
from actors.kernel.contract.ports import EntityClient
from actors.rooms.messages.views import MEMBERSHIPS
from actors.rooms.room.commands import Glance, Join
from actors.rooms.service import Rooms
from common.clock import Clock
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.ids import new_id
from serve_app.capabilities.e2ee.requests import OfKeyDevice, ToDeviceMessage
from serve_app.capabilities.identity.sessions.living import LivingSessions
from store.ports.views import ViewQuery, Views

_PAGE: Final = 1_000
_to_json: Final = msgspec.json.Encoder().encode
R = TypeVar("R")


class DeviceDirectory:
    """One a process. `living`: which sessions have not ended."""

    def __init__(
        self, entities: EntityClient, rooms: Rooms, views: Views, living: LivingSessions, clock: Clock
    ) -> None:
        self._entities, self._rooms, self._views = entities, rooms, views
        self._living, self._clock = living, clock

    async def ask(self, user: str, command: Command[R], *, by: Principal, trace: str = "") -> R:
        """A command to somebody's keys."""
        return await self._entities.ask(f"devicekeys:{user}", command, by=by, trace=trace)

    async def put(self, command: commands.PutDevice, by: Principal, trace: str) -> ShownDevice:
        """A device of the caller. Whoever shares an encrypted room with them is told, when it is a new one."""
        known = {one.device_id for one in await self.devices(by.user, trace)}
        shown = await self.ask(by.user, command, by=by, trace=trace)
        if command.device not in known:
            await self.tell(by, trace)
        return shown

    async def devices(self, user: str, trace: str = "") -> list[ShownDevice]:
        """Somebody's devices. Those whose session has ended are taken out."""
        found = (await self.ask(user, commands.GetDevices(), by=SYSTEM, trace=trace)).devices
        alive = [one for one in found if await self._living.lives(user, one.session, one.since)]
        if len(alive) < len(found):
            gone = tuple(one.device.device_id for one in found if one not in alive)
            await self.ask(user, commands.DropDevices(devices=gone), by=SYSTEM, trace=trace)
            await self.tell(as_themselves(user), trace)
        return [one.device for one in alive]

    async def of(self, users: Sequence[str], by: Principal, trace: str) -> list[ShownDevice]:
        """The devices of people with whom the caller shares an encrypted room. Raises NotFound: not with one."""
        await self._require_shared(by, users, trace)
        found = await asyncio.gather(*(self.devices(user, trace) for user in dict.fromkeys(users)))
        return [one for some in found for one in some]

    async def claim(self, devices: Sequence[OfKeyDevice], by: Principal, trace: str) -> list[ClaimedKey]:
        """A key of each. Raises NotFound: of somebody with whom the caller shares no encrypted room."""
        there = {(one.user_id, one.device_id) for one in await self.of([one.user_id for one in devices], by, trace)}
        keys = []
        for one in devices:
            if (one.user_id, one.device_id) in there:
                command = commands.ClaimKey(device=one.device_id)
                keys.append((await self.ask(one.user_id, command, by=SYSTEM, trace=trace)).key)
        return [key for key in keys if key is not None]

    async def send(self, messages: Sequence[ToDeviceMessage], device: str, by: Principal, trace: str) -> int:
        """Messages to devices; to how many that there are. Raises NotFound, as `claim`."""
        await self._require_shared(by, [one.user_id for one in messages], trace)
        sent = 0
        for one in messages:
            command = commands.Send(
                device=one.device_id, user=by.user, sender=device, kind=one.type, secret=_to_json(one.body)
            )
            sent += (await self.ask(one.user_id, command, by=SYSTEM, trace=trace)).known
        return sent

    async def tell(self, by: Principal, trace: str) -> None:
        """Whoever shares an encrypted room with this person: `devices_changed`."""
        told: set[str] = set()
        async for room in self._encrypted(by):
            with suppress(
                FailedPrecondition
            ):  # they have not accepted yet what it costs, so nobody asks for their keys
                joined = await self._rooms.ask(room, Join(), by=by, trace=trace)
                told |= {one.user_id for one in joined.members}
        event = new_id("evt", self._clock.platform_ms())
        for user in told - {by.user}:
            command = Deliver(event, "devices_changed", _to_json({"user_id": by.user}))
            await self._entities.ask(f"user:{user}", command, by=SYSTEM, trace=trace)

    async def _require_shared(self, by: Principal, users: Collection[str], trace: str) -> None:
        missing = set(users) - {by.user}
        if not missing:
            return
        async for room in self._encrypted(by):
            missing -= await self._members(room, missing)
            if not missing:
                return
        raise NotFound("There is nobody of this name with whom you share an encrypted room.")

    async def _members(self, room: str, among: Collection[str]) -> set[str]:
        query = [
            ViewQuery(
                collection=MEMBERSHIPS, equal={"user": user, "left": False, "room": room}, order_by="room", limit=1
            )
            for user in among
        ]
        found = await asyncio.gather(*map(self._views.find, query))
        return {user for user, views in zip(among, found, strict=True) if views}

    async def _encrypted(self, by: Principal) -> AsyncIterator[str]:
        """The encrypted rooms of this person."""
        query = ViewQuery(collection=MEMBERSHIPS, equal={"user": by.user, "left": False}, order_by="room", limit=_PAGE)
        for view in await self._views.find(query):
            room = str(view.fields["room"])
            try:
                line = await self._rooms.ask(room, Glance(), by=by)
            except (NotFound, PermissionDenied):
                continue
            if line.room.e2ee:
                yield room
