"""What each action of a link does, and whether it is still open: the state of use is the state of what it acts on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec

from actors.calendars.services.assembly import CalendarServices
from actors.kernel.contract.entity import Principal, as_themselves
from actors.notifications.notifier.answers import PreferencesAnswer
from actors.notifications.notifier.commands import GetPreferences, LookAtItem, Mark, SetPreferences
from actors.notifications.notifier.planning.preferences import DigestChanges, TypeChoice
from common.auth.links import Action, Link
from common.clock import Clock
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, NotFound
from serve_app.capabilities.notifications.service import Notifications

State: TypeAlias = Literal["open", "done", "expired", "stale"]
Result: TypeAlias = dict[str, str]
RoleOf: TypeAlias = Callable[[str], Awaitable[str | None]]
SNOOZES: Final[Mapping[str, int]] = {"1h": 3_600_000, "4h": 4 * 3_600_000, "1d": 86_400_000}
_ATTEMPTS: Final = 5
DIGEST: Final = "digest"
"""The subject of a link that ends digests."""
_AFTER: Final[Mapping[Action, str]] = {
    "confirm_booking": "confirmed",
    "cancel_booking": "cancelled",
    "complete_booking": "completed",
    "mark_no_show": "no_show",
}


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """How what a link acts on looks by now."""

    state: State
    result: Result


@dataclass(frozen=True, slots=True)
class Doing:
    """`look` says how it is; `act` does it, as the person themselves, with the choice that they made."""

    look: Callable[[Link], Awaitable[LinkTarget]]
    act: Callable[[Link, str], Awaitable[Result]]


class Actions:
    """One a process."""

    def __init__(
        self, calendars: CalendarServices, notifications: Notifications, clock: Clock, role_of: RoleOf
    ) -> None:
        """`role_of`: the role of a person's account; None: there is nobody who may do anything."""
        self._calendars, self._notifications, self._clock = calendars, notifications, clock
        self._role_of = role_of
        booking = Doing(self._booking, self._change_booking)
        self._doings: Mapping[Action, Doing] = {
            "confirm_booking": booking,
            "cancel_booking": booking,
            "complete_booking": booking,
            "mark_no_show": booking,
            "accept_offer": Doing(self._offer, self._accept),
            "decline_offer": Doing(self._offer, self._decline),
            "mark_read": Doing(self._notification, self._read),
            "snooze": Doing(self._notification, self._snooze),
            "unsubscribe": Doing(self._preferences, self._unsubscribe),
        }

    def of(self, link: Link) -> Doing:
        """What its action does."""
        return self._doings[link.action]

    async def _booking(self, link: Link) -> LinkTarget:
        booking = await self._calendars.bookings.get(link.subject, by=await self._person(link))
        result = {"booking_id": booking.id, "status": booking.status}
        if booking.status == _AFTER[link.action]:
            return LinkTarget("done", result)
        unchanged = booking.version == link.version if link.version else booking.status == "confirmed"
        return LinkTarget("open" if unchanged else "stale", result)

    async def _change_booking(self, link: Link, _: str) -> Result:
        bookings, by = self._calendars.bookings, await self._person(link)
        versions = (link.version,) if link.version else msgspec.UNSET
        match link.action:
            case "confirm_booking":
                changed = await bookings.confirm(link.subject, by=by, versions=versions)
            case "cancel_booking":
                changed = await bookings.cancel(link.subject, by=by, versions=versions)
            case _:
                changed = await bookings.finish(link.subject, _AFTER[link.action], by=by, versions=versions)
        return {"booking_id": changed.id, "status": changed.status}

    async def _person(self, link: Link) -> Principal:
        """Therapists act as therapists of their own calendars; nobody acts as an administrator by a link.

        Raises:
            NotFound: the account was closed.
        """
        role = await self._role_of(link.user)
        if role is None:
            raise NotFound("There is no such link.")
        return Principal(link.user, "therapist") if role == "therapist" else as_themselves(link.user)

    async def _offer(self, link: Link) -> LinkTarget:
        """An offer that was accepted is the booking of its id; one that does not stand is nobody's any more."""
        by = as_themselves(link.user)
        try:
            booking = await self._calendars.bookings.get(link.subject, by=by)
        except (NotFound, InvalidArgument):
            listed = await self._calendars.waiting.listing("", by=by)
            stands = any(one.offer is not None and one.offer.offer_id == link.subject for one in listed.entries)
            result = {"offer_id": link.subject, "status": "open" if stands else "closed"}
            gone: State = "done" if link.action == "decline_offer" else "stale"
            return LinkTarget("open" if stands else gone, result)
        taken: State = "done" if link.action == "accept_offer" else "stale"
        return LinkTarget(taken, {"booking_id": booking.id, "status": booking.status})

    async def _accept(self, link: Link, _: str) -> Result:
        booking = await self._calendars.waiting.accept(link.subject, by=as_themselves(link.user))
        return {"booking_id": booking.id, "status": booking.status}

    async def _decline(self, link: Link, _: str) -> Result:
        await self._calendars.waiting.decline(link.subject, by=as_themselves(link.user))
        return {"offer_id": link.subject, "status": "declined"}

    async def _notification(self, link: Link) -> LinkTarget:
        """What was put off once more than the mail knew, was put off by its link; it is not, twice."""
        found = await self._notifications.ask(link.user, LookAtItem(link.subject), by=as_themselves(link.user))
        if link.action == "snooze":
            done, after = found.snoozes > link.version, "snoozed"
        else:
            done, after = found.read, "read"
        result = {"notification_id": link.subject, "status": after if done else "unread"}
        return LinkTarget("done" if done else "open", result)

    async def _read(self, link: Link, _: str) -> Result:
        by = as_themselves(link.user)
        await self._notifications.ask(link.user, Mark(link.subject, "read"), by=by)
        return {"notification_id": link.subject, "status": "read"}

    async def _snooze(self, link: Link, choice: str) -> Result:
        for_ms = SNOOZES.get(choice or "1h")
        if for_ms is None:
            raise InvalidArgument(f"choice is one of {', '.join(SNOOZES)}.", details={"field": "choice"})
        until_ms = self._clock.platform_ms() + for_ms
        by = as_themselves(link.user)
        await self._notifications.ask(link.user, Mark(link.subject, "snoozed", until_ms), by=by)
        return {"notification_id": link.subject, "status": "snoozed"}

    async def _preferences(self, link: Link) -> LinkTarget:
        found = await self._notifications.ask(link.user, GetPreferences(), by=as_themselves(link.user))
        chosen = found.types.get(link.subject)
        off = found.digest.email == "off" if link.subject == DIGEST else chosen is not None and chosen.email is False
        return LinkTarget("done" if off else "open", {"type": link.subject, "status": "off" if off else "on"})

    async def _unsubscribe(self, link: Link, _: str) -> Result:
        """Whatever else of the preferences changes at the same moment."""
        by = as_themselves(link.user)
        for attempt in range(1, _ATTEMPTS + 1):
            before = await self._notifications.ask(link.user, GetPreferences(), by=by)
            try:
                await self._notifications.ask(link.user, _without(link.subject, before), by=by)
                break
            except FailedPrecondition:
                if attempt == _ATTEMPTS:
                    raise
        return {"type": link.subject, "status": "off"}


def _without(subject: str, before: PreferencesAnswer) -> SetPreferences:
    """The same preferences without mails of this type, or without digests."""
    versions = (before.version,)
    if subject == DIGEST:
        return SetPreferences(digest=DigestChanges(email="off"), versions=versions)
    chosen = msgspec.structs.replace(before.types.get(subject, TypeChoice()), email=False)
    return SetPreferences(types=before.types | {subject: chosen}, versions=versions)


def is_stale(error: CarewireError) -> bool:
    """Does this refusal say that what the link acts on has changed since?"""
    return isinstance(error, FailedPrecondition | NotFound)
