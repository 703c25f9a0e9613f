"""The participant's side of try-confirm-cancel, which calendars and agendas share (Pardon and Pautasso, "Atomic
Distributed Transactions: A RESTful Design", 2014).

A try (`TryBook`, `TryTake`) makes a tentative entry and a durable timer. The coordinator is the entry's owner; its
decision arrives as `ConfirmOrCancel`. Does it not, the timer fires (`ResolveInDoubt`), and the entity asks the owner
(`QueryOutcome`), again and again until there is an answer. It never decides by itself.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from actors.calendars.calendar.occupancy import Occupancy, TimeEntry
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.roles import require_system
from actors.kernel.contract.entity import Command, Context, Decision, Event, Letter, SetTimer
from common.persons import NothingToTell
from common.timeline import DAY_MS, Span, merged, without

ASK_AFTER_MS: Final = 30_000  # longer than any caller still tries
ASK_AGAIN_MS: Final = 60_000
KEPT_MS: Final = 35 * DAY_MS
"""How long what is past is remembered: longer than any limit (a week) looks back. The read models keep the rest."""

Outcome = Literal["taken", "held", "free"]
Change = tuple[int, int, str]  # start, end, "busy" | "free"


class ConfirmOrCancel(Command[NothingToTell], frozen=True, tag="settle"):
    """The owner has decided: the time is `taken`, taken by a hold (`held`), or `free` again. Idempotent; about a key
    that nobody has, it is nothing."""

    key: str
    outcome: Outcome


class ResolveInDoubt(Command[NothingToTell], frozen=True, tag="ask"):
    """A timer: is this entry still tentative? Then ask its owner."""

    key: str


class QueryOutcome(Command[NothingToTell], frozen=True, tag="inquire"):
    """To the owner, as it travels: what is to become of `key`, held at `entity`?"""

    entity: str
    key: str


class TimeReserved(Event, frozen=True, kw_only=True, tag="held"):
    """Time was taken, tentatively until it is settled."""

    entry: TimeEntry
    changes: tuple[Change, ...] = ()


class ReservationConfirmed(Event, frozen=True, kw_only=True, tag="settled"):
    """The time is taken until it is given back. `hold`: it counts as a hold of its client's still."""

    key: str
    hold: bool = False


class TimeReleased(Event, frozen=True, kw_only=True, tag="released"):
    """The time is free again. `waiting`: somebody waits for such time."""

    key: str
    changes: tuple[Change, ...] = ()
    waiting: bool = False


class OutcomeQueried(Event, frozen=True, kw_only=True, tag="asked"):
    """The owner is asked. An event, not a note, so that the letter has an id of its own."""

    key: str
    owner: str


def reserve(entry: TimeEntry, context: Context, changes: Sequence[Change], reply: object) -> Decision:
    """Take the time of an entry."""
    return Decision(
        reply,
        events=[TimeReserved(entry=entry, changes=tuple(changes))],
        timers=[_in_doubt_timer(entry.key, context.now_ms + ASK_AFTER_MS)],
    )


def confirm_or_cancel(
    occupancy: Occupancy, command: ConfirmOrCancel, context: Context, *, waiting: bool = False
) -> Decision:
    """The events that carry out the owner's decision."""
    require_system(context.by)
    entry = occupancy.entries.get(command.key)
    if entry is None:
        return Decision(NOTHING)
    if command.outcome != "free":
        hold = entry.hold and command.outcome == "held"
        known = entry.state == "taken" and entry.hold == hold
        return Decision(NOTHING, events=[] if known else [ReservationConfirmed(key=entry.key, hold=hold)])
    changes = tuple((low, high, "free") for low, high in freed_by(occupancy, entry))
    return Decision(NOTHING, events=[TimeReleased(key=entry.key, changes=changes, waiting=waiting)])


def resolve_in_doubt(occupancy: Occupancy, command: ResolveInDoubt, context: Context) -> Decision:
    """The timer of a tentative entry."""
    entry = occupancy.entries.get(command.key)
    if not context.by.is_system or entry is None or entry.state == "taken":
        return Decision(NOTHING)
    asked = OutcomeQueried(key=entry.key, owner=entry.owner)
    return Decision(NOTHING, events=[asked], timers=[_in_doubt_timer(entry.key, context.now_ms + ASK_AGAIN_MS)])


def freed_by(occupancy: Occupancy, entry: TimeEntry) -> list[Span]:
    """The spans that become free when this entry goes: its time, without what others take of it. A place in a group is
    free although others stay."""
    if entry.session:
        return [(entry.start, entry.end)]
    others = [(one.start, one.end) for one in occupancy.near(entry.start, entry.end) if one.key != entry.key]
    return without([(entry.start, entry.end)], merged(others))


def apply(
    occupancy: Occupancy, event: TimeReserved | ReservationConfirmed | TimeReleased | OutcomeQueried, at_ms: int
) -> TimeEntry | None:
    """Fold one of these events; the entry that came or went."""
    if isinstance(event, TimeReserved):
        occupancy.forget_before(at_ms - KEPT_MS)
        occupancy.put(event.entry)
        return event.entry
    if isinstance(event, TimeReleased):
        return occupancy.drop(event.key)
    if isinstance(event, ReservationConfirmed) and (entry := occupancy.entries.get(event.key)) is not None:
        occupancy.put(msgspec.structs.replace(entry, state="taken", hold=event.hold))
    return None


def outcome_query(entity_id: str, event: OutcomeQueried) -> Letter:
    """The letter to the owner."""
    return Letter(event.owner, msgspec.msgpack.encode(QueryOutcome(entity_id, event.key)))


def _in_doubt_timer(key: str, due_ms: int) -> SetTimer:
    return SetTimer(f"ask:{key}", due_ms, msgspec.msgpack.encode(ResolveInDoubt(key)))
