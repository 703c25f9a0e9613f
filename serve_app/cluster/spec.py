"""Which kinds live in which shards, and how a process gets to its storage: handed to every process, pickled.

Shard processes import this module, so it imports nothing that they do not need.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from actors.kernel.cluster.hosting import HostedShard
from actors.kernel.contract.entity import AnyKind
from actors.kernel.contract.partitions import shard_names
from actors.kernel.contract.reactions import AnyReaction, switched_on
from actors.payments.kinds import PAYMENT_KINDS
from actors.workflows.table import reactions_of
from common.clock import Clock
from config.settings import Settings
from store.ports.stores import Stores


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of shards: which kinds it hosts by name, and how they are made."""

    kinds: Sequence[str]
    make: Callable[[Settings], list[AnyKind]]


def _room_kinds(settings: Settings) -> list[AnyKind]:
    from actors.inboxes.kind import InboxKind
    from actors.rooms.pairs import PairKind
    from actors.rooms.room.kind import RoomKind

    screen = None
    if settings.features.moderation:
        from serve_app.cluster.beside.screening import screen_of_process

        screen = screen_of_process()
    return [RoomKind(settings.rooms, screen=screen), PairKind(), InboxKind()]


def _calendar_kinds(_: Settings) -> list[AnyKind]:
    from actors.calendars.agenda.kind import AgendaKind
    from actors.calendars.booking.kind import BookingKind
    from actors.calendars.calendar.kind import CalendarKind
    from actors.calendars.series.kind import SeriesKind
    from actors.calendars.waitlist.kind import WaitlistKind

    return [CalendarKind(), AgendaKind(), BookingKind(), SeriesKind(), WaitlistKind()]


def _worksheet_kinds(settings: Settings) -> list[AnyKind]:
    from actors.worksheets.assignment.kind import AssignmentKind
    from actors.worksheets.assignment.state import AssignmentSettings
    from actors.worksheets.desk.kind import DeskKind
    from actors.worksheets.document.judging import Bounds
    from actors.worksheets.series.kind import AssignmentSeriesKind
    from actors.worksheets.worksheet.kind import WorksheetKind

    asked = settings.worksheets
    house = AssignmentSettings(
        bounds=Bounds(
            update_bytes=asked.max_update_bytes,
            state_bytes=asked.max_state_bytes,
            field_chars=asked.max_field_chars,
            client_numbers=asked.max_client_numbers,
            updates_per_s=asked.updates_per_s if settings.limits.enabled else 0.0,
        ),
        compact_after=asked.compact_after,
        resident_bytes=asked.max_resident_bytes,
        clarification_stops=asked.clarification_stops_clock,
        pause_stops=asked.pause_stops_clock,
    )
    return [WorksheetKind(), AssignmentKind(house), AssignmentSeriesKind(), DeskKind()]


def _care_kinds(settings: Settings) -> list[AnyKind]:
    from actors.arrivals.kind import ArrivalKind
    from actors.banners.kind import BannerKind
    from actors.broadcasts.kind import BroadcastKind
    from actors.calls.call.kind import CallKind
    from actors.calls.line.line import LineKind
    from actors.care.kind import CareKind
    from actors.care.pairs import CarePairKind
    from actors.devicekeys.kind import DeviceKeysKind
    from actors.emergencies.emergency.kind import EmergencyKind
    from actors.emergencies.emergency.steps import EscalationTimes
    from actors.emergencies.ladder.ladder import LadderKind
    from actors.emergencies.person.kind import DistressKind
    from actors.files.kind import FileKind
    from actors.jobs.kind import JobKind
    from actors.keeping.kind import HoldKind
    from actors.keeping.terms import TermsKind
    from actors.meetings.house import doors_of, terms_of
    from actors.meetings.kind import MeetingKind
    from actors.moderation.case.kind import CaseKind
    from actors.moderation.case.opening import CaseDeadlines
    from actors.moderation.house.entity import HouseKind
    from actors.moderation.shield.kind import ShieldKind
    from actors.notifications.device.kind import DeviceKind
    from actors.notifications.mailing.kind import MailingKind
    from actors.notifications.notifier.kind import NotifierKind
    from actors.notifications.notifier.rules.facts import Installation
    from actors.outgoing.kind import OutgoingKind
    from actors.payments.kinds import payment_kinds
    from actors.recordings.kind import RecordingKind

    told = settings.notifications
    steps = EscalationTimes(
        remind_ms=int(told.remind_s * 1000),
        give_up_ms=int(told.give_up_s * 1000),
        keep_location_ms=int(told.location_keep_h * 3_600_000),
    )
    terms = CaseDeadlines.of(settings.moderation)
    safety: list[AnyKind] = [CaseKind(terms), ShieldKind(), HouseKind(), HoldKind(), TermsKind()]
    emergencies: list[AnyKind] = [EmergencyKind(steps), DistressKind(), LadderKind()]
    calls: list[AnyKind] = [CallKind(), LineKind(), BroadcastKind(), BannerKind(), OutgoingKind()]
    calls.append(MeetingKind(terms_of(settings), doors_of(settings)))
    told_of: list[AnyKind] = [NotifierKind(Installation.of(settings)), DeviceKind(), MailingKind()]
    money = payment_kinds(settings.payments.poll_s)
    recordings = RecordingKind(settings.meetings.recording_days * 86_400_000)
    files: list[AnyKind] = [FileKind(), DeviceKeysKind()]
    sheets = _worksheet_kinds(settings)
    others = [*files, recordings, *safety, *money, *sheets]
    return [CareKind(), CarePairKind(), ArrivalKind(), JobKind(), *told_of, *emergencies, *calls, *others]


POOLS: Final[Mapping[str, Pool]] = {
    "rooms": Pool(("room", "pair", "user"), _room_kinds),
    "calendars": Pool(("calendar", "client", "booking", "series", "waitlist"), _calendar_kinds),
    "care": Pool(
        (
            *("care", "care_pair", "arrival", "job", "notifier", "device", "mailing"),
            *("emergency", "distress", "ladder", "call", "line", "broadcast", "banners", "outgoing", "meeting"),
            *("file", "devicekeys", "recording"),
            *("case", "shield", "safetypolicy", "hold", "retention"),
            *PAYMENT_KINDS,
            *("worksheet", "assignment", "assignments", "desk"),
        ),
        _care_kinds,
    ),
}
"""Every pool there is; how many shards each has is in `KernelSettings.pools`. What writes to each other all the time
shares its shards: rooms with inboxes, calendars with bookings. Whoever needs the pools asks here: a name that is not in
it is a KeyError."""


@dataclass(frozen=True, slots=True)
class CarewireSpec:
    """The specification of the whole program (`actors.kernel.cluster.hosting.ClusterSpec`). `settings` are complete: no
    secret of them is still to be made, and `mongo.url` is set."""

    settings: Settings

    @property
    def listens(self) -> bool:
        """Has the REST API a port of its own? On one machine; on a cluster that was there before, Serve's proxies
        listen on every node, wherever the replicas are."""
        return self.settings.ray.address is None

    @property
    def pools(self) -> Mapping[str, Sequence[str]]:
        """The kinds of each pool, by name."""
        return {name: pool.kinds for name, pool in POOLS.items()}

    def shards(self, pool: str) -> int:
        """As many as the settings say. Raises KeyError for a pool that is not there."""
        return self.settings.kernel.pools[pool]

    def kinds(self, pool: str) -> list[AnyKind]:
        """The kinds of a pool. Raises KeyError for one that is not there."""
        return POOLS[pool].make(self.settings)

    def reactions(self, pool: str) -> list[AnyReaction]:
        """The rules for the events of a pool's kinds, without those of features that are off: their turns would stay
        unsettled for ever. Raises KeyError for a pool that is not there."""
        return switched_on(reactions_of(POOLS[pool].kinds), self.settings.features.off)

    async def attended(self, pool: str, stores: Stores) -> Coroutine[Any, Any, None] | None:
        """Rooms hold by what the house says, from their first message on."""
        if pool != "rooms" or not self.settings.features.moderation:
            return None
        from serve_app.cluster.beside.screening import screen_of_process

        return await screen_of_process().followed(stores.views)

    async def open(self, *, indexes: bool = True) -> Stores:
        """Connect to the database, and make the indexes that the kinds need; without, no kind is imported (15 MB)."""
        from store.stores import open_stores

        kinds = [kind for pool in POOLS for kind in self.kinds(pool)] if indexes else []
        return await open_stores(self.settings, [index for kind in kinds for index in kind.indexes])

    @property
    def volatile_shards(self) -> list[str]:
        """Presence."""
        from actors.presence.tracker import presence_shards

        return presence_shards(self.settings.presence)

    def volatile(self, shard: str, stores: Stores, clock: Clock) -> HostedShard:
        """A presence shard."""
        from actors.presence.shard import PresenceShard

        return PresenceShard(shard, stores.views, settings=self.settings.presence, clock=clock)

    def shards_of(self, pool: str) -> list[str]:
        """The shards of a pool, by the settings."""
        return shard_names(pool, self.shards(pool))
