"""The waitlist: who waits for which time, who is offered what came free, and why in that order.

When time frees, its calendar writes here. Openings of one second are matched together, so that several at once are
shared out by priority and not by the order of the post. A match is reserved at the calendar (by letter, answered by
letter), then offered for a while; an offer that lapses or is declined frees its time again, and so rolls on.
"""

from typing import Final, assert_never

import msgspec

from actors.calendars.calendar.commands import Reserved, TimeFreed
from actors.calendars.calendar.reservations import Outcome, QueryOutcome
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.roles import is_staff, may
from actors.calendars.waitlist.answers import figures, listed, standing
from actors.calendars.waitlist.commands import (
    ClaimOffer,
    CloseOffer,
    DeclineOffer,
    GetWaitlist,
    GetWaitlistFigures,
    JoinWaitlist,
    LapseOffer,
    MatchSlots,
    ReadWaitlist,
    StopWaiting,
    WaitlistCommand,
)
from actors.calendars.waitlist.events import (
    MatchFailed,
    OfferClosed,
    OfferMade,
    OfferOutcomeDecided,
    SlotFreed,
    SlotsMatched,
    WaitlistEvent,
    WaitlistJoined,
    WaitlistLeft,
)
from actors.calendars.waitlist.ranking import check, position_of, priority, ranked, rivals, wants
from actors.calendars.waitlist.state import Counts, FreedSlot, Offer, WaitlistEntry
from actors.kernel.contract.entity import Context, Decision, Event, Principal, SetTimer
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.ids import derived_id
from common.timeline import MINUTE_MS

MATCH_AFTER_MS: Final = 1000
WINDOW_MS: Final = 30 * MINUTE_MS
MOST_PER_CLIENT: Final = 20
REMEMBERED: Final = 20  # accepted offers of one calendar, for estimates


class Waitlist:
    """State: entries, openings that wait to be shared out, offers, counts."""

    def __init__(self) -> None:
        self.entries: dict[str, WaitlistEntry] = {}
        self.openings: list[FreedSlot] = []
        self.offers: dict[str, Offer] = {}
        self.counts = Counts()
        self.accepted: dict[str, list[int]] = {}  # calendar -> when its last offers were accepted

    def decide(self, command: WaitlistCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: no such entry or offer, or somebody else's.
            FailedPrecondition: the offer no longer stands, or too many wishes.
        """
        match command:
            case JoinWaitlist():
                return self._join(command, context)
            case StopWaiting():
                return self._leave(self._entry(command.entry, context.by))
            case GetWaitlist():
                return self._list(command, context)
            case GetWaitlistFigures():
                return self._figures(context)
            case ClaimOffer():
                return Decision(self._offer(command.offer, context))
            case DeclineOffer():
                return self._close(self._offer(command.offer, context), "declined")
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        match command:
            case TimeFreed():
                return self._opened(command, context)
            case MatchSlots():
                return self._match(context, version)
            case Reserved():
                return self._reserved(command, context)
            case LapseOffer():
                offer = self.offers.get(command.offer)
                lapsed = offer is not None and offer.offered and context.now_ms >= offer.expires
                return self._close(offer, "lapsed") if offer is not None and lapsed else Decision(NOTHING)
            case CloseOffer():
                return self._booked(command)
            case QueryOutcome():
                live = any(one.key == command.key for one in self.offers.values())
                outcome: Outcome = "taken" if live else "free"
                return Decision(
                    {}, events=[OfferOutcomeDecided(entity=command.entity, key=command.key, outcome=outcome)]
                )
            case _:
                assert_never(command)

    def apply(self, event: WaitlistEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        match event:
            case WaitlistJoined():
                self.entries[event.entry.id] = event.entry
                self._count_wish(event.entry)
            case WaitlistLeft():
                self.entries.pop(event.entry, None)
            case SlotFreed():
                self.openings.append(event.opening)
            case SlotsMatched():
                self.openings = []
                self.offers |= {offer.id: offer for offer in event.offers}
            case OfferMade():
                self.offers[event.offer.id] = event.offer
                self.openings += event.rest
                self.counts.offered += 1
            case MatchFailed():
                self.offers.pop(event.offer, None)
                self.openings.append(event.opening)
            case OfferClosed():
                self._apply_close(event, at_ms)

    def _join(self, command: JoinWaitlist, context: Context) -> Decision:
        entry = msgspec.structs.replace(command.entry, joined=context.now_ms, passed=())
        if entry.client != context.by.user and not all(is_staff(context.by, calendar) for calendar in entry.calendars):
            raise PermissionDenied("One waits for oneself.")
        check(entry, command.note, context.now_ms)
        in_line = ranked(self.entries.values(), context.now_ms)
        if (already := self._asked_for(entry)) is not None:
            return Decision(standing(already, position_of(already, in_line), self.accepted, context.now_ms))
        if sum(one.client == entry.client for one in in_line) >= MOST_PER_CLIENT:
            raise FailedPrecondition(f"At most {MOST_PER_CLIENT} wishes at a time. Take one back first.")
        mine = priority(entry, context.now_ms)
        ahead = sum(rivals(entry, one) and priority(one, context.now_ms) >= mine for one in in_line)
        reply = standing(entry, ahead + 1, self.accepted, context.now_ms)
        joined = WaitlistJoined(author=entry.client, secret=command.note.encode() or None, entry=entry)
        return Decision(reply, events=[*self._over(context.now_ms), joined])

    def _asked_for(self, entry: WaitlistEntry) -> WaitlistEntry | None:
        """The wish that this one repeats. Before wishes kept their key, its mark was their id."""
        if not entry.key:
            return self.entries.get(entry.id)
        return self.entries.get(entry.key) or next((one for one in self.entries.values() if one.key == entry.key), None)

    def _over(self, now_ms: int) -> list[Event]:
        """Wishes for times that are past go, with the next one that comes."""
        over = [entry for entry in self.entries.values() if entry.end <= now_ms]
        offered = {offer.entry for offer in self.offers.values()}
        return [WaitlistLeft(entry=one.id) for one in over if one.id not in offered]

    def _leave(self, entry: WaitlistEntry) -> Decision:
        mine = [offer for offer in self.offers.values() if offer.entry == entry.id and offer.offered]
        events: list[Event] = [OfferClosed(offer=one, how="left") for one in mine]
        events.append(WaitlistLeft(entry=entry.id, quiet=self._quiet_without(entry)))
        return Decision(NOTHING, events=events)

    def _opened(self, command: TimeFreed, context: Context) -> Decision:
        opening = FreedSlot(command.calendar, command.start, command.end)
        if not any(wants(entry, opening) for entry in self.entries.values()):
            return Decision(NOTHING)
        return Decision(NOTHING, events=[SlotFreed(opening=opening)], timers=[_match_soon(context)])

    def _match(self, context: Context, version: int) -> Decision:
        """Each opening to the first who wants it; nobody gets two at once."""
        if not self.openings:
            return Decision(NOTHING)
        busy = {offer.entry for offer in self.offers.values()}
        clients = {offer.client for offer in self.offers.values()}
        offers: list[Offer] = []
        wishes: list[WaitlistEntry] = []
        left = sorted((one for one in self.openings if one.end > context.now_ms), key=lambda one: one.start)
        for entry in ranked(self.entries.values(), context.now_ms):
            if entry.id in busy or entry.client in clients:
                continue
            opening = next((one for one in left if wants(entry, one)), None)
            if opening is None:
                continue
            left.remove(opening)
            clients.add(entry.client)
            name = derived_id("bkg", context.now_ms, f"{version}-{len(offers)}-{entry.id}")
            offers.append(
                Offer(
                    id=name,
                    entry=entry.id,
                    client=entry.client,
                    calendar=opening.calendar,
                    service=entry.service,
                    opening=opening,
                )
            )
            wishes.append(entry)
        return Decision(NOTHING, events=[SlotsMatched(offers=tuple(offers), wishes=tuple(wishes))])

    def _reserved(self, command: Reserved, context: Context) -> Decision:
        offer = next((one for one in self.offers.values() if one.key == command.key), None)
        if offer is None or offer.offered:
            return Decision(NOTHING)
        if not command.start:
            tried = msgspec.structs.replace(offer.opening, tried=(*offer.opening.tried, offer.entry))
            return Decision(NOTHING, events=[MatchFailed(offer=offer.id, opening=tried)], timers=[_match_soon(context)])
        expires = min(context.now_ms + WINDOW_MS, command.start)
        made = msgspec.structs.replace(
            offer, offered=True, start=command.start, end=command.end, expires=max(expires, context.now_ms + 1)
        )
        if offer.entry not in self.entries:  # gone meanwhile
            return Decision(NOTHING, events=[OfferClosed(offer=made, how="left")])
        rest = tuple(
            msgspec.structs.replace(offer.opening, start=low, end=high)
            for low, high in ((offer.opening.start, command.start), (command.end, offer.opening.end))
            if low < high
        )
        timers = [SetTimer(f"lapse:{made.id}", made.expires, msgspec.msgpack.encode(LapseOffer(made.id)))]
        return Decision(
            NOTHING, events=[OfferMade(offer=made, rest=rest)], timers=timers + ([_match_soon(context)] if rest else [])
        )

    def _close(self, offer: Offer, how: str) -> Decision:
        entry = self.entries.get(offer.entry)
        quiet = self._quiet_without(entry) if entry is not None and how == "accepted" else ()
        return Decision(NOTHING, events=[OfferClosed(offer=offer, how=how, quiet=quiet)])

    def _booked(self, command: CloseOffer) -> Decision:
        if (offer := self.offers.get(command.offer)) is not None:
            return self._close(offer, "accepted")
        entry = self.entries.get(command.entry)  # its offer lapsed while it was being booked
        return Decision(
            NOTHING, events=[] if entry is None else [WaitlistLeft(entry=entry.id, quiet=self._quiet_without(entry))]
        )

    def _apply_close(self, event: OfferClosed, at_ms: int) -> None:
        offer = event.offer
        self.offers.pop(offer.id, None)
        entry = self.entries.get(offer.entry)
        if event.how == "accepted":
            self.counts.accepted += 1
            times = [*self.accepted.get(offer.calendar, ()), at_ms]
            self.accepted[offer.calendar] = times[-REMEMBERED:]
            if entry is not None:
                self.counts.waited_ms += at_ms - entry.joined
                del self.entries[entry.id]
        elif event.how in ("declined", "lapsed"):
            if event.how == "declined":
                self.counts.declined += 1
            else:
                self.counts.lapsed += 1
            if entry is not None:
                passed = (*entry.passed, f"{offer.calendar}@{offer.start}")
                self.entries[entry.id] = msgspec.structs.replace(entry, passed=passed)

    def _count_wish(self, entry: WaitlistEntry) -> None:
        self.counts.joined += 1
        for low, high in entry.times:
            for hour in range(low // 60, -(-high // 60)):
                self.counts.wanted[hour] += 1

    def _quiet_without(self, entry: WaitlistEntry) -> tuple[str, ...]:
        others = {name for one in self.entries.values() if one.id != entry.id for name in one.calendars}
        return tuple(name for name in entry.calendars if name not in others)

    def _list(self, command: GetWaitlist, context: Context) -> Decision:
        by = context.by
        staff = bool(command.calendar) and is_staff(by, command.calendar)
        if command.calendar and not staff:
            raise PermissionDenied("Only those who run this calendar may do that.")
        in_line = ranked(self.entries.values(), context.now_ms)
        chosen = [one for one in in_line if (command.calendar in one.calendars if staff else one.client == by.user)]
        offered = {offer.entry: offer for offer in self.offers.values() if offer.offered}
        lines = (
            listed(
                entry=one,
                position=position_of(one, in_line),
                offer=offered.get(one.id),
                accepted=self.accepted,
                now_ms=context.now_ms,
            )
            for one in chosen
        )
        return Decision(ReadWaitlist(tuple(lines)))

    def _figures(self, context: Context) -> Decision:
        if not may(context.by, "waitlist.figures"):
            raise PermissionDenied("This is for staff.")
        waiting = len(ranked(self.entries.values(), context.now_ms))
        return Decision(figures(self.counts, waiting))

    def _entry(self, entry_id: str, by: Principal) -> WaitlistEntry:
        entry = self.entries.get(entry_id)
        if entry is None or (
            entry.client != by.user and not any(is_staff(by, calendar) for calendar in entry.calendars)
        ):
            raise NotFound("There is no such wish.")
        if entry.client != by.user and not all(is_staff(by, calendar) for calendar in entry.calendars):
            raise PermissionDenied("This wish is for other calendars too. Ask the client, or those who run them all.")
        return entry

    def _offer(self, offer_id: str, context: Context) -> Offer:
        offer = self.offers.get(offer_id)
        if offer is None or not offer.offered or offer.client != context.by.user:
            raise NotFound("There is no such offer (any more).")
        if context.now_ms >= offer.expires:
            raise FailedPrecondition("This offer has lapsed. You stay on the list.")
        return offer


def _match_soon(context: Context) -> SetTimer:
    return SetTimer("match", context.now_ms + MATCH_AFTER_MS, msgspec.msgpack.encode(MatchSlots()))
