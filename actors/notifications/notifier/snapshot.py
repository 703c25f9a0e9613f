"""What a notifier keeps between two turns, and how much of it at most."""

from typing import Final

import msgspec

from actors.notifications.notifier.events import DeviceKept
from actors.notifications.notifier.items.ranges import Ranges
from actors.notifications.notifier.planning.preferences import Preferences
from actors.notifications.types import Channel
from common.timeline import DAY_MS

DEDUPE_MS: Final = 7 * DAY_MS
WEEK_MS: Final = 7 * DAY_MS
MOST_SUBJECTS: Final = 1000
MOST_DEDUPED: Final = 2000
MOST_SHOWN: Final = 50
MOST_MARKS: Final = 20
MOST_DEVICES: Final = 20


class CategoryMarks(msgspec.Struct, array_like=True):
    """The notifications of one category, numbered on their own. `marks`: up to where all was read, and when."""

    total: int = 0
    read: Ranges = msgspec.field(default_factory=Ranges)
    marks: list[tuple[int, int]] = []

    @property
    def unread(self) -> int:
        """How many are."""
        return self.total - self.read.size


class OpenItem(msgspec.Struct, array_like=True):
    """A notification of which something is held or under way. `due`: when a channel is judged again. `gathered`: what
    waits for the mail of a period, or for a pause after too many pushes. `waiting`: deliveries not over."""

    place: int
    category: str
    due: dict[Channel, int] = {}
    gathered: dict[Channel, str] = {}
    waiting: list[str] = []
    later_ms: int = 0


class NotifierSnapshot(msgspec.Struct, array_like=True):
    """The state as a snapshot holds it. Add members with defaults at the end."""

    owed: dict[str, int] = {}
    last: int = 0
    categories: dict[str, CategoryMarks] = {}
    seen: Ranges = msgspec.field(default_factory=Ranges)
    subjects: dict[str, tuple[int, int]] = {}
    groups: dict[str, int] = {}
    open: dict[int, OpenItem] = {}
    shown: dict[int, list[str]] = {}
    dedupe: dict[str, tuple[int, int]] = {}
    pushes: list[tuple[int, str]] = []
    created: list[int] = []
    preferences: Preferences = Preferences()
    devices: dict[str, DeviceKept] = {}
    told_ms: int = 0
    telling: bool = False
    floor: int = 0
    erased: bool = False
    seen_marks: list[tuple[int, int]] = []
    weeks: dict[int, int] = {}  # the last number of each week since 1970, as long as it is kept
