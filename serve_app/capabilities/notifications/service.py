"""Notifications and devices of people, as operations ask for them: the notifier decides, this finds it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from actors.calendars.contract.ports import Related
from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.notifications.device.commands import Claim
from actors.notifications.notifier.answers import DeliveriesAnswer, TellOutcome, WireNotification
from actors.notifications.notifier.commands import CountCreation, ListDeliveries, Tell
from actors.notifications.notifier.device_answers import DeviceAnswer, DevicesAnswer
from actors.notifications.notifier.device_commands import DropDevice, ListDevices, RegisterDevice, TraceDevices
from actors.notifications.notifier.items.folding import NOTIFICATIONS
from actors.notifications.notifier.subjects import Subject, Words
from actors.notifications.types import TYPES
from common.clock import Clock
from common.decoding import MAX_DEPTH, check_plain, explained
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, Unavailable
from common.policy import POLICY, Relation
from common.reach import Reach
from common.timeline import DAY_MS, parse_instant
from serve_app.capabilities.notifications.requests import NewNotification
from store.ports.views import ViewQuery, Views

R = TypeVar("R")
Lives: TypeAlias = Callable[[str, str, int], Awaitable[bool]]
LARGEST_DATA: Final = 4096
_FURTHEST_MS: Final = 366 * DAY_MS
_SCRIPT: Final = re.compile(r"\s*(javascript|data|vbscript|blob|file):", re.IGNORECASE)
_pack: Final = msgspec.msgpack.Encoder().encode


class Notifications:
    """One a process that serves clients. `related`: is this person in the care of that therapist? None: nobody knows,
    so therapists may tell nobody. `reach`: who can reach whom at all. `lives`: does a session of a
    person last, in which something was registered at this time (ms)?"""

    def __init__(
        self,
        region: Region,
        views: Views,
        related: Related | None,
        *,
        reach: Reach,
        lives: Lives,
        clock: Clock,
    ) -> None:
        self._region = region
        self._views = views
        self._related = related
        self._reach = reach
        self._lives = lives
        self._clock = clock

    async def ask(self, user: str, command: Command[R], *, by: Principal, trace: str = "") -> R:
        """Ask the notifier of this person."""
        return await self._region.ask(f"notifier:{user}", command, by=by, trace=trace)

    async def create(self, asked: NewNotification, *, by: Principal, trace: str, key: str = "") -> TellOutcome:
        """Tell somebody. `key`, else its `request_id`: of the deed, so that a repeat tells nobody twice.

        Raises:
            PermissionDenied: a therapist, and the person is not in their care, or cannot be reached, or the type is no
                announcement.
            RateLimited: a therapist made too many within an hour.
            InvalidArgument: a value that no notification has.
        """
        tell = self.tell_of(asked, by)
        if not POLICY.allows(by.role, Relation.NONE, "notification.create"):
            await self._may_tell(asked, by)
            await self.ask(by.user, CountCreation(), by=SYSTEM, trace=trace)
        deed = key or asked.request_id
        if deed and not tell.dedupe_key:
            tell = replace(tell, dedupe_key=_hashed(f"{by.user}|{deed}"))
        told = await self.ask(asked.user_id, tell, by=SYSTEM, trace=trace)
        return told if asked.user_id == by.user else _without_buttons(told)

    async def created(
        self, index: int, asked: Mapping[str, Any], *, by: Principal, trace: str, key: str = ""
    ) -> dict[str, object]:
        """One of several: created, known already, or refused, each on its own."""
        try:
            told = await self.create(_read(asked), by=by, trace=trace, key=f"{key}#{index}" if key else "")
            made = notification_in(told)
        except CarewireError as error:
            if isinstance(error, Unavailable):
                raise
            details = {} if error.details is None else {"details": error.details}
            refused = {"code": error.code, "message": error.message} | details
            return {"index": index, "status": "refused", "error": refused}
        return {"index": index, "status": "duplicate" if told.duplicate else "created", "id": made.id}

    def tell_of(self, asked: NewNotification, by: Principal) -> Tell:
        """What the notifier is asked. Raises InvalidArgument: a value that no notification has."""
        if asked.type not in TYPES:
            raise InvalidArgument("There is no such type of notification.", details={"field": "type"})
        now_ms = self._clock.platform_ms()
        expires = _ahead(asked.expires_at, "expires_at", now_ms)
        send_at = _ahead(asked.send_at, "send_at", now_ms)
        if expires and send_at >= expires:
            raise InvalidArgument("It expires before it is told.", details={"field": "expires_at"})
        if _SCRIPT.match(asked.link or "") is not None:
            raise InvalidArgument("link leads to a page, and runs nothing.", details={"field": "link"})
        words = Words(title=asked.title, body=asked.body, data=_data_of(asked.data), link=asked.link or "")
        subject = asked.subject
        return Tell(
            name=asked.type,
            priority=asked.priority,
            subject=None if subject is None else Subject(subject.kind, subject.id, subject.version),
            channels=None if asked.channels is None else tuple(dict.fromkeys(asked.channels)),
            sender=by.user,
            dedupe_key=_hashed(asked.dedupe_key),
            expires_at_ms=expires,
            send_at_ms=send_at,
            created_by=by.user,
            secret=_pack(words),
        )

    async def deliveries(self, notification_id: str, *, by: Principal, trace: str) -> DeliveriesAnswer:
        """What became of a notification: one's own; whoever may trace those of others, anybody's.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        command = ListDeliveries(notification_id)
        if not POLICY.allows(by.role, Relation.NONE, "notification.trace"):
            return await self.ask(by.user, command, by=by, trace=trace)
        query = ViewQuery(collection=NOTIFICATIONS, equal={"notification": notification_id}, order_by="number", limit=1)
        found = await self._views.find(query)
        if not found:
            raise NotFound("There is no such notification.")
        return await self.ask(str(found[0].fields["user"]), command, by=SYSTEM, trace=trace)

    async def devices(self, user: str, *, by: Principal, trace: str) -> DevicesAnswer:
        """The devices of a person. One whose session has ended is gone, though nobody has tried to push to it since."""
        listed = await self.ask(user, ListDevices(), by=by, trace=trace)
        ended = await self._ended(user, by=by, trace=trace)
        return DevicesAnswer(
            [
                replace(one, state="gone", gone_reason="session_ended") if one.device_id in ended else one
                for one in listed.devices
            ]
        )

    async def is_registered(self, user: str, device_id: str, *, by: Principal, trace: str) -> bool:
        """Is it there, and does the session last in which it registered?"""
        found = await self.ask(user, TraceDevices(), by=by, trace=trace)
        device = found.devices.get(device_id)
        return device is not None and await self._lives(user, device.session, device.since_ms)

    async def _ended(self, user: str, *, by: Principal, trace: str) -> set[str]:
        """The devices whose sessions have ended."""
        found = (await self.ask(user, TraceDevices(), by=by, trace=trace)).devices
        sessions = set(found.values())
        over = {one for one in sessions if not await self._lives(user, one.session, one.since_ms)}
        return {device_id for device_id, session in found.items() if session in over}

    async def register(self, user: str, command: RegisterDevice, *, by: Principal, trace: str) -> DeviceAnswer:
        """Push to this device from now on, and to nobody else by the same token."""
        answer = await self.ask(user, command, by=by, trace=trace)
        claimed = await self._region.ask(f"device:{command.mark}", Claim(user), by=SYSTEM, trace=trace)
        if claimed.former:
            await self.ask(claimed.former, DropDevice(command.mark), by=SYSTEM, trace=trace)
        return answer

    async def _may_tell(self, asked: NewNotification, by: Principal) -> None:
        if asked.type != "announcement":
            raise PermissionDenied("Therapists make announcements.", type=asked.type)
        if self._related is None or not await self._related(asked.user_id, by.user):
            raise PermissionDenied("You may tell people in your care.")
        await self._reach.may_reach(by.user, asked.user_id)


def _without_buttons(told: TellOutcome) -> TellOutcome:
    """As whoever made it sees it: a button acts as the person who is told."""
    made = told.notification
    return told if made is None else replace(told, notification=replace(made, actions=msgspec.UNSET))


def notification_in(told: TellOutcome) -> WireNotification:
    """What was told. Raises FailedPrecondition: the person was erased."""
    if told.notification is None:
        raise FailedPrecondition("This person is told nothing any more.")
    return told.notification


def _read(asked: Mapping[str, Any]) -> NewNotification:
    try:
        return msgspec.convert(asked, NewNotification)
    except msgspec.ValidationError as error:
        raise explained(str(error)) from None


def _ahead(text: str | None, field: str, now_ms: int) -> int:
    """The moment; 0: none. Raises InvalidArgument: it has passed, or is more than a year away."""
    if text is None:
        return 0
    at_ms = parse_instant(text, field)
    if not now_ms < at_ms <= now_ms + _FURTHEST_MS:
        raise InvalidArgument(f"{field} lies ahead, within a year.", details={"field": field})
    return at_ms


def _hashed(key: str | None) -> str:
    """A name that somebody gave to a deed, as it may stand in the clear."""
    return blake2b(key.encode(), digest_size=12).hexdigest() if key else ""


def _data_of(data: Mapping[str, Any] | None) -> bytes:
    if not data:
        return b"{}"
    _check_data(data)
    encoded = msgspec.json.encode(data)
    if len(encoded) > LARGEST_DATA:
        raise InvalidArgument(f"data is at most {LARGEST_DATA} bytes.", details={"field": "data"})
    return encoded


def _check_data(data: Mapping[str, Any]) -> None:
    try:
        check_plain(dict(data), MAX_DEPTH)
    except InvalidArgument as error:
        raise InvalidArgument(error.message.replace("attachments", "data"), details={"field": "data"}) from None
