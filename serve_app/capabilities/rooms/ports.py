"""What the operations of rooms need of the rest."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Command, Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.replies import RoomList
from actors.rooms.service import Rooms
from serve_app.capabilities.capability import DirectRooms
from serve_app.capabilities.rooms.blocks.booking import Appointments
from serve_app.capabilities.rooms.blocks.service import MessageBlocks
from serve_app.capabilities.rooms.filing import Filing
from serve_app.capabilities.rooms.later.service import ScheduledMessages
from serve_app.capabilities.rooms.marks.chatters import ChatPrivacies

R = TypeVar("R")


class RoomsReader(Protocol):
    """What is read here of `actors.rooms.service.Rooms`."""

    async def rooms_of(self, by: Principal, *, cursor: str | None, limit: int, trace: str) -> RoomList: ...

    async def submit(self, room_id: str, command: Command[R], *, by: Principal, trace: str) -> Reply: ...

    async def ask(self, room_id: str, command: Command[R], *, by: Principal, trace: str) -> R: ...


class Everybody:
    """Everybody may, where there is no identity service."""

    async def may_open_direct(self, user: str, role: str, members: Collection[str]) -> None:
        """Yes."""


@dataclass(frozen=True, slots=True)
class RoomServices:
    """One a process. `inboxes` reaches the users' mailboxes. `e2ee`: are encrypted rooms offered?"""

    rooms: Rooms
    inboxes: EntityClient
    direct: DirectRooms
    filing: Filing
    privacies: ChatPrivacies
    scheduled: ScheduledMessages
    blocks: MessageBlocks
    appointments: Appointments
    e2ee: bool = False
