"""Commands of a room about retention. Only Carewire itself asks."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Command
from actors.rooms.room.wire import RoomAnswer


class Age(msgspec.Struct, frozen=True, array_like=True):
    """The age that messages may reach; `days` None: for ever. `pins`: those that are pinned stay."""

    days: int | None = None
    pins: bool = False


class RoomRetention(msgspec.Struct, frozen=True, kw_only=True):
    """The retention that the house has set, as it concerns one room: for the room itself, for what its two are to each
    other, for all."""

    usual: Age = Age()
    relations: dict[str, Age] = {}
    room: Age | None = None


class OverdueMessages(RoomAnswer, frozen=True, kw_only=True):
    """Live messages that have had their time, by seq, oldest first. `upto`: everything up to there was looked at;
    `more`: there may be more above it."""

    seqs: tuple[int, ...] = ()
    upto: int = 0
    more: bool = False


class Expired(RoomAnswer, frozen=True, kw_only=True):
    """The number of messages that expired."""

    gone: int


class Overdue(Command[OverdueMessages], frozen=True, kw_only=True, tag="overdue"):
    """Which messages above `after` are due? At most `limit`."""

    terms: RoomRetention
    after: int = 0
    limit: int = 100


class Expire(Command[Expired], frozen=True, kw_only=True, tag="expire"):
    """Delete those of these messages that are due. `upto`: nothing else up to there is."""

    terms: RoomRetention
    seqs: tuple[int, ...]
    upto: int


class Abided(RoomAnswer, frozen=True, kw_only=True):
    """Was it news to the room?"""

    changed: bool


class Abide(Command[Abided], frozen=True, kw_only=True, tag="abide"):
    """Say to the members how long messages are kept, where that has changed. `dry_run`: would it be news?"""

    terms: RoomRetention
    dry_run: bool = False


KeepingCommand = Overdue | Expire | Abide
KEEPING_COMMANDS: Final = (Overdue, Expire, Abide)
