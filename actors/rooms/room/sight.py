"""The sight of a room's members: what each may see, and under which names. The one place that says so.

Whoever is there for a while (`cover`) may see nothing older than their coming, if it was agreed so. In an anonymous
room everybody is an alias to the others. Whoever has barred somebody is not heard by them. What is read is read with
a `Sight`; what is sent is made for everybody first, and differs for those named here (`Shown.skip`, `Shown.instead`).
"""

from base64 import b32encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Protocol

import msgspec

ALIAS: Final = "alias_"


class _Veiled(Protocol):
    @property
    def veil(self) -> str: ...


class _Seated(Protocol):
    @property
    def visible_from(self) -> int: ...


class SeenRoom(Protocol):
    """The parts of a room's state that decide who may see what."""

    @property
    def binding(self) -> _Veiled | None: ...
    @property
    def guarded(self) -> bool: ...
    @property
    def seats(self) -> Mapping[str, _Seated]: ...
    @property
    def barred(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def members(self) -> Mapping[str, object]: ...


@lru_cache(maxsize=16_384)
def alias_of(veil: str, user: str) -> str:
    """Under which name a member of an anonymous room is known to the others: always the same in one room."""
    digest = blake2b(user.encode(), key=veil.encode(), digest_size=10).digest()
    return ALIAS + b32encode(digest).decode().lower()


class Sight(msgspec.Struct, frozen=True, array_like=True):
    """One person's sight of a room: nothing that was said up to `above`, and under a `veil` only aliases of others.
    `user` "": as nobody in particular, as packets for all are made."""

    user: str = ""
    above: int = 0
    veil: str = ""

    def sees(self, seq: int) -> bool:
        """May they see what was posted with this seq?"""
        return seq > self.above

    def name(self, user: str) -> str:
        """The id of a member, or their alias."""
        return alias_of(self.veil, user) if self.veil and user and user != self.user else user

    def reactions(self, reactions: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        """The reactions, by emoji."""
        if not self.veil:
            return reactions
        return {emoji: tuple(map(self.name, users)) for emoji, users in reactions.items()}


OPEN: Final = Sight()
"""Nothing is hidden, and everybody goes by their id."""


def veil_of(room: SeenRoom) -> str:
    """The key of the aliases; "" where people go by their ids."""
    binding = room.binding
    return "" if binding is None else binding.veil


def sight_of(room: SeenRoom, user: str) -> Sight:
    """The sight of this member."""
    if not room.guarded:
        return OPEN
    seat = room.seats.get(user)
    return Sight(user, 0 if seat is None else seat.visible_from, veil_of(room))


def blind_to(room: SeenRoom, seq: int) -> tuple[str, ...]:
    """The members who may not see what was posted with this seq."""
    return tuple(user for user, seat in room.seats.items() if seq <= seat.visible_from)


def deaf_to(room: SeenRoom, user: str) -> tuple[str, ...]:
    """The members who hear neither that this user types nor what they have read: those whom they have barred."""
    return room.barred.get(user, ())


def notifies(room: SeenRoom, author: str, user: str) -> bool:
    """Does what the author does notify this member?"""
    return author not in room.barred.get(user, ())


def resolve(room: SeenRoom, name: str) -> str:
    """The member who goes by this name: an alias in an anonymous room, else an id, which stands for itself."""
    veil = veil_of(room)
    if not veil or not name.startswith(ALIAS):
        return name
    return next((user for user in room.members if alias_of(veil, user) == name), name)
