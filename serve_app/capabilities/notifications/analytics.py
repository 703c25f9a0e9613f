"""How notifications fare: counts by type, channel and day, from the read model. For administrators; counts only."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from actors.notifications.notifier.items.figures import ChannelFigures, figures_in
from actors.notifications.notifier.items.folding import NOTIFICATIONS
from common.clock import to_rfc3339
from common.decoding import Instant, Request
from common.errors import InvalidArgument
from common.timeline import DAY_MS, parse_instant
from serve_app.edge.operation import Caller, Example, Operation, Rest
from store.mongo.client import Database, Document, database_errors

GroupBy = Literal["type", "channel", "day"]
_LONGEST_DAYS: Final = 400
_ACCEPTED: Final = ("accepted", "displayed", "opened")
_DISPLAYED: Final = ("displayed", "opened")


class NotificationAnalytics(Request, frozen=True, kw_only=True):
    """From `from` until `to` (exclusive), whole days (UTC). `group_by`: comma-separated in an address."""

    since: Instant = msgspec.field(name="from")
    until: Instant = msgspec.field(name="to")
    group_by: list[GroupBy] | Annotated[str, Meta(max_length=64)] = []

    def groups(self) -> list[str]:
        """By what it is counted. Raises InvalidArgument: by nothing that there is."""
        said = self.group_by.split(",") if isinstance(self.group_by, str) else list(self.group_by)
        wanted = [one.strip() for one in said if one.strip()]
        if not set(wanted) <= {"type", "channel", "day"}:
            raise InvalidArgument("group_by is type, channel or day.", details={"field": "group_by"})
        return list(dict.fromkeys(wanted))


class AnalyticsRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Counts. `accepted` were taken by a service (or lie in the inbox), `displayed` of these were shown, `opened` of
    those opened. `complained`: of mails that were accepted, those that were called unwanted. `p50_ms`, `p99_ms`: from
    being made to being accepted, within a fifth."""

    type: str | None = None
    channel: str | None = None
    day: str | None = None
    created: int
    held: int
    skipped: dict[str, int]
    sent: int
    accepted: int
    displayed: int
    opened: int
    failed: int
    bounced: int
    complained: int
    p50_ms: int | None = None
    p99_ms: int | None = None


class EmailRates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of mails that were sent; missing where there were none."""

    delivery_rate: float | None = None
    bounce_rate: float | None = None
    complaint_rate: float | None = None


class Analytics(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    rows: list[AnalyticsRow]
    email: EmailRates


@dataclass(frozen=True, slots=True)
class Fared:
    """So many notifications of a type and a day fared like this."""

    day: str
    type: str
    channels: tuple[ChannelFigures, ...]
    many: int


@dataclass(slots=True)
class Sums:
    """Counts of one row."""

    created: int = 0
    held: int = 0
    sent: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    took_ms: Counter[int] = field(default_factory=Counter)

    def add(self, channel: ChannelFigures, count: int) -> None:
        """So many that fared like this on a channel."""
        self.held += count * (channel.verdict == "held")
        self.sent += count * (channel.verdict in ("sent", "failed"))
        if channel.verdict == "skipped":
            self.skipped[channel.reason or "unknown"] += count
        for state in channel.states:
            self.states[state] += count
        if channel.took_ms is not None:
            self.took_ms[channel.took_ms] += count

    def row(self, group: dict[str, str]) -> AnalyticsRow:
        """As it is shown."""
        return AnalyticsRow(
            **group,
            created=self.created,
            held=self.held,
            skipped=dict(sorted(self.skipped.items())),
            sent=self.sent,
            accepted=sum(self.states[one] for one in _ACCEPTED),
            displayed=sum(self.states[one] for one in _DISPLAYED),
            opened=self.states["opened"],
            failed=self.states["failed"],
            bounced=self.states["bounced"],
            complained=self.states["complained"],
            p50_ms=_percentile(self.took_ms, 0.5),
            p99_ms=_percentile(self.took_ms, 0.99),
        )


def analyse(fared: Iterable[Fared], groups: list[str]) -> Analytics:
    """The rows, in the order of their groups. Pure."""
    sums: dict[tuple[str, ...], Sums] = {}
    mails = Sums()
    for one in fared:
        seen = set()
        for channel in one.channels:
            key = tuple({"day": one.day, "type": one.type, "channel": channel.channel}[group] for group in groups)
            row = sums.setdefault(key, Sums())
            row.created += one.many * (key not in seen)
            seen.add(key)
            row.add(channel, one.many)
            if channel.channel == "email":
                mails.add(channel, one.many)
    rows = [sums[key].row(dict(zip(groups, key, strict=True))) for key in sorted(sums)]
    return Analytics(rows=rows, email=_rates(mails.states))


class Fares:
    """What became of notifications, from their read model."""

    def __init__(self, database: Database) -> None:
        self._notifications = database[NOTIFICATIONS]

    async def between(self, first: int, end: int) -> AsyncIterator[Fared]:
        """Of these days (since 1970, UTC; `end` is not among them). Raises Unavailable."""
        pipeline: list[Document] = [
            {"$match": {"f.day": {"$gte": first, "$lt": end}}},
            {"$group": {"_id": {"day": "$f.day", "type": "$f.type", "fared": "$f.fared"}, "count": {"$sum": 1}}},
        ]
        with database_errors():
            async for one in self._notifications.aggregate(pipeline):
                key = one["_id"]
                yield Fared(_date(key["day"]), key["type"], figures_in(key["fared"]), int(one["count"]))

    async def held_since(self) -> int:
        """Since when (ms) that has been held back which has been for longest; 0: nothing is. Raises Unavailable."""
        with database_errors():
            oldest = await self._notifications.find_one({"f.held": {"$gt": 0}}, {"f.held": 1}, sort=[("f.held", 1)])
        return 0 if oldest is None else int(oldest["f"]["held"])


class AnalyticsOperations:
    """One a process."""

    def __init__(self, fares: Fares) -> None:
        self._fares = fares

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="notification_analytics",
            action="notification.figures",
            request=NotificationAnalytics,
            call=self._analytics,
            rest=Rest("GET", "/api/notifications/analytics", tag="notifications"),
            limit="read",
            response=Analytics,
            example=Example(
                {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "group_by": ["channel"]},
                {"rows": [_ROW], "email": {"delivery_rate": 0.99, "bounce_rate": 0.01, "complaint_rate": 0.0}},
            ),
            description="How notifications fare: counts by type, channel and day, nobody's name among them. For "
            "administrators.",
        )

    async def _analytics(self, request: NotificationAnalytics, _: Caller) -> Analytics:
        since, until = parse_instant(request.since, "from"), parse_instant(request.until, "to")
        if not since < until <= since + _LONGEST_DAYS * DAY_MS:
            raise InvalidArgument(f"to lies behind from, at most {_LONGEST_DAYS} days.", details={"field": "to"})
        groups = request.groups()
        found = [one async for one in self._fares.between(since // DAY_MS, -(-until // DAY_MS))]
        return analyse(found, groups)


_ROW: Final[dict[str, Any]] = {
    "channel": "email",
    "created": 120,
    "held": 2,
    "skipped": {"acknowledged": 40},
    "sent": 78,
    "accepted": 77,
    "displayed": 0,
    "opened": 0,
    "failed": 0,
    "bounced": 1,
    "complained": 0,
    "p50_ms": 62000,
    "p99_ms": 71000,
}


def _date(day: int) -> str:
    return to_rfc3339(day * DAY_MS)[:10]


def _percentile(took_ms: Counter[int], share: float) -> int | None:
    total, seen = sum(took_ms.values()), 0
    for value in sorted(took_ms):
        seen += took_ms[value]
        if seen >= share * total:
            return value
    return None


def _rates(states: Counter[str]) -> EmailRates:
    total = sum(states[one] for one in (*_ACCEPTED, "failed", "bounced"))
    if not total:
        return EmailRates()
    arrived = sum(states[one] for one in _ACCEPTED)
    return EmailRates(
        delivery_rate=round(arrived / total, 4),
        bounce_rate=round(states["bounced"] / total, 4),
        complaint_rate=round(states["complained"] / total, 4),
    )
