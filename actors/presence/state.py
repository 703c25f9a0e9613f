"""The knowledge of presence about users and gateways. Values; the rules are in `actors.presence.presence`."""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import msgspec

Status = Literal["online", "away", "busy", "invisible"]
ONLINE: Final = "online"
INVISIBLE: Final = "invisible"
OFFLINE: Final = "offline"


class Instant(NamedTuple):
    """A moment on two clocks: seconds that never jump (for deadlines), and milliseconds of the calendar (to show)."""

    s: float
    ms: int


class State(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The state of a user. `status` is the user's choice, or "offline". `last_seen_ms`: when they were last there
    for others to see; 0: not known, or they are there now. `at_ms`: since when it is so."""

    user: str
    status: str
    devices: int = 0
    last_seen_ms: int = 0
    at_ms: int = 0

    def for_others(self) -> "State":
        """The state that everybody but the user may see."""
        return (
            State(user=self.user, status=OFFLINE, devices=0, last_seen_ms=self.last_seen_ms, at_ms=self.at_ms)
            if self.status == INVISIBLE
            else self
        )


class Memory(msgspec.Struct, array_like=True, frozen=True):
    """The memory of a user who is not here. A higher `version` replaces a lower one."""

    choice: str
    chosen_ms: int
    seen_ms: int
    version: int


@dataclass(slots=True, eq=False)
class PresentUser:
    """A user, as the shard that holds them knows them."""

    seats: dict[str, tuple[str, ...]] = field(default_factory=dict)  # gateway -> ids of the devices there
    watchers: dict[str, None] = field(default_factory=dict)  # gateways
    choice: str = ONLINE
    chosen_ms: int = 0
    seen_ms: int = 0
    parted_ms: int = 0  # left when nobody knew yet whether they are invisible
    version: int = 0
    known: bool = False  # what is remembered of them has been read
    chose: bool = False  # since we hold them
    unsaved: bool = False
    left: Instant | None = None  # in their grace since
    shown: State | None = None

    @property
    def present(self) -> bool:
        """True while they are here, or in their grace."""
        return bool(self.seats) or self.left is not None

    @property
    def decided(self) -> bool:
        """True once it is known whether others may see them."""
        return self.known or self.chosen_ms > 0


@dataclass(slots=True, eq=False)
class WatchingGateway:
    """A gateway that reports and watches. `dirty`: users whose state it has yet to be sent."""

    heard: Instant
    users: dict[str, None] = field(default_factory=dict)  # who has a seat there
    watched: dict[str, None] = field(default_factory=dict)
    dirty: dict[str, None] = field(default_factory=dict)
