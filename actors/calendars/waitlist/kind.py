"""The waitlist as the kernel sees it."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.calendars.booking.views import TEXTS
from actors.calendars.calendar.commands import NAME, NotifyWhenFree, Reserve
from actors.calendars.calendar.reservations import ConfirmOrCancel, Outcome
from actors.calendars.waitlist.answers import WaitlistReply
from actors.calendars.waitlist.commands import ReadWaitlist, WaitlistCommand
from actors.calendars.waitlist.entity import Waitlist
from actors.calendars.waitlist.events import (
    OfferClosed,
    OfferMade,
    OfferOutcomeDecided,
    SlotsMatched,
    WaitlistEvent,
    WaitlistJoined,
    WaitlistLeft,
)
from actors.calendars.waitlist.state import Offer, WaitlistEntry, WaitlistState
from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded, Shown
from common.errors import PermissionDenied
from store.ports.views import View

_pack: Final = msgspec.msgpack.Encoder().encode


class WaitlistKind(Kind[Waitlist, WaitlistCommand, WaitlistEvent]):
    """`waitlist:main`: one, so that all who wait are ranked together."""

    name = "waitlist"
    commands = WaitlistCommand
    events = WaitlistEvent

    @override
    def create(self, key: str) -> Waitlist:
        return Waitlist()

    @override
    def snapshot(self, entity: Waitlist) -> bytes:
        entries, offers = [*entity.entries.values()], [*entity.offers.values()]
        return _pack(
            WaitlistState(
                entries=entries, openings=entity.openings, offers=offers, counts=entity.counts, accepted=entity.accepted
            )
        )

    @override
    def restore(self, key: str, state: bytes) -> Waitlist:
        kept = msgspec.msgpack.decode(state, type=WaitlistState)
        waitlist = Waitlist()
        waitlist.entries = {entry.id: entry for entry in kept.entries}
        waitlist.offers = {offer.id: offer for offer in kept.offers}
        waitlist.openings, waitlist.counts, waitlist.accepted = kept.openings, kept.counts, kept.accepted
        return waitlist

    @override
    def admit(self, entity: Waitlist, by: Principal) -> None:
        """Raises PermissionDenied: offers are told in inboxes."""
        raise PermissionDenied("The waitlist cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[WaitlistEvent], part: None) -> Shown | None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[WaitlistEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case WaitlistJoined():
                attend = _pack(NotifyWhenFree(NAME, True))
                letters = [Letter(f"calendar:{name}", attend) for name in event.entry.calendars]
                if event.secret is None:
                    return Effects(letters=letters)
                view = View(
                    collection=TEXTS,
                    id=f"{event.entry.id}|note",
                    version=recorded.seq,
                    fields={},
                    data=b"",
                    secret=event.secret,
                )
                return Effects(views=[view], owner=event.author, letters=letters)
            case WaitlistLeft():
                return Effects(letters=_muted(event.quiet))
            case SlotsMatched():
                asked = zip(event.offers, event.wishes, strict=True)
                return Effects(letters=[_reserve(offer, wish) for offer, wish in asked])
            case OfferMade():
                return Effects(letters=[_confirm_or_cancel(event.offer, "taken")])
            case OfferClosed():
                return Effects(letters=[_confirm_or_cancel(event.offer, "free"), *_muted(event.quiet)])
            case OfferOutcomeDecided():
                return Effects(letters=[Letter(event.entity, _pack(ConfirmOrCancel(event.key, event.outcome)))])
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, ReadWaitlist):
            return await super().read(query, entity_id, version, library)
        views = await library.view(TEXTS, [f"{line.entry_id}|note" for line in query.lines])
        notes = {view.id.rpartition("|")[0]: (view.secret or b"").decode() for view in views.values()}
        noted = [msgspec.structs.replace(line, note=notes.get(line.entry_id, "")) for line in query.lines]
        return WaitlistReply(entries=noted)


def _reserve(offer: Offer, wish: WaitlistEntry) -> Letter:
    command = Reserve(
        key=offer.key,
        booking=offer.id,
        owner=NAME,
        start=max(offer.opening.start, wish.start),
        end=min(offer.opening.end, wish.end),
        service=wish.service or None,
        client=wish.client,
        weekdays=wish.weekdays,
        times=wish.times,
    )
    return Letter(f"calendar:{offer.calendar}", _pack(command))


def _confirm_or_cancel(offer: Offer, outcome: Outcome) -> Letter:
    return Letter(f"calendar:{offer.calendar}", _pack(ConfirmOrCancel(offer.key, outcome)))


def _muted(calendars: tuple[str, ...]) -> list[Letter]:
    return [Letter(f"calendar:{name}", _pack(NotifyWhenFree(NAME, False))) for name in calendars]
