"""What is sent, whole, as it is at the moment at which it is sent. Pure."""

from typing import Final, Literal

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.notifications.activities import (
    Address,
    CalendarInvitation,
    Mail,
    MailItem,
    Push,
    PushUrgency,
    Sending,
)
from actors.notifications.notifier.answers import Rendered
from actors.notifications.notifier.items.folding import device_part
from actors.notifications.notifier.items.item import GroupedItem, Item
from actors.notifications.notifier.rules.judging import blocked, still
from actors.notifications.notifier.state import NotifierState
from actors.notifications.types import Priority
from actors.notifications.words import words_of

MOST_LISTED: Final = 50
"""Notifications that one digest names."""
_URGENCIES: Final[dict[Priority, PushUrgency]] = {
    "low": "low",
    "normal": "normal",
    "high": "high",
    "critical": "high",
}
_METHODS: Final[dict[str, Literal["REQUEST", "CANCEL"]]] = {
    "booking_confirmed": "REQUEST",
    "booking_changed": "REQUEST",
    "booking_cancelled": "CANCEL",
}
_address: Final = msgspec.msgpack.Decoder(Address).decode
_NOTHING: Final = Rendered()


def needs(sending: Sending) -> list[str]:
    """The parts that it is made of."""
    numbers = [sending.number, *sending.numbers] if sending.number else list(sending.numbers)
    return [str(number) for number in numbers] + ([device_part(sending.device)] if sending.device else [])


def render(state: NotifierState, sending: Sending, context: Context) -> Decision:
    """The push or the mail; nothing where it is not to be sent any more."""
    if not still(state, sending):
        return Decision(_NOTHING)
    if sending.what == "digest":
        return Decision(_digest(state, sending, context))
    item: Item | None = context.parts.get(str(sending.number)) if sending.number else None
    if sending.what == "email":
        return Decision(_NOTHING if item is None else Rendered(mail=_mail(state, item, sending.delivery)))
    return Decision(_push(state, sending, item, context))


def _push(state: NotifierState, sending: Sending, item: Item | None, context: Context) -> Rendered:
    packed = context.parts.get(device_part(sending.device))
    if packed is None:
        return _NOTHING
    device, to = state.kept.devices[sending.device], _address(packed)
    unproven = device.state in ("unproven", "quarantined")
    push = Push(
        to=to,
        delivery=sending.delivery,
        seq=sending.number,
        category=item.category if item is not None else "system",
        urgency="low" if sending.what == "take_back" else "high",
        locale=device.locale or state.locale,
        topic=item.topic if item is not None else "test",
        proof=getattr(to, "proof", "") if unproven else "",
    )
    if sending.what == "prove":
        quiet = msgspec.structs.replace(push, kind="prove", silent=True, topic="prove")
        return Rendered(push=quiet, session=device.session, registered_ms=device.at_ms)
    if sending.what == "test" or item is None:
        title, body = words_of("test", {}, count=1, locale=push.locale, tz=state.tz)
        return Rendered(
            push=msgspec.structs.replace(push, title=title, body=body),
            session=device.session,
            registered_ms=device.at_ms,
        )
    if sending.what != "push":
        kind = "ring_end" if sending.what == "ring_end" else "take_back"
        quiet = msgspec.structs.replace(push, kind=kind, silent=True, expires_at_ms=item.expires_ms)
        return Rendered(push=quiet, session=device.session, registered_ms=device.at_ms)
    preview = "none" if unproven else state.kept.preferences.preview_of(item.name)  # who has the token is not known
    words = item.words()
    shown = preview != "none" and not item.room
    push = msgspec.structs.replace(
        push,
        kind="ring" if item.mode == "ring" else "show",
        urgency=_URGENCIES[item.priority],
        expires_at_ms=item.expires_ms,
        title=words.title if shown else "",
        body=words.body if shown and preview == "full" else "",
    )
    return Rendered(
        push=push,
        session=device.session,
        registered_ms=device.at_ms,
        quotes_room=item.room,
        preview=preview,
    )


def _mail(state: NotifierState, item: Item, delivery: str) -> Mail:
    words, own = item.words(), item.own_words
    spoken = bool(own.title or own.body)
    return Mail(
        template=item.name,
        user=state.id,
        locale=state.locale,
        tz=state.tz,
        title=words.title if spoken else "",
        body=words.body if spoken else "",
        link=words.link or _link(item),
        values=item.values,
        invitations=_invitations(item),
        topic=item.topic,
        subject=item.single_subject,
        delivery=delivery,
        notification=item.itself,
    )


def _invitations(item: Item) -> tuple[CalendarInvitation, ...]:
    """The bookings that it is about, for the person's calendar: under the ids of the feed, numbered by version."""
    method = _METHODS.get(item.name)
    if method is None or item.subject is None:
        return ()
    members = [*item.joined, GroupedItem(item.subject, item.values)]
    summary = item.words().title
    return tuple(
        CalendarInvitation(
            method=method,
            uid=f"{one.subject.id}@carewire",
            sequence=one.subject.version,
            start_ms=int(one.values["starts_at_ms"]),
            end_ms=int(one.values["ends_at_ms"]),
            tz=str(one.values.get("zone", "UTC")),
            summary=summary,
        )
        for one in members
        if one.subject.kind == "booking" and "starts_at_ms" in one.values and "ends_at_ms" in one.values
    )


def _digest(state: NotifierState, sending: Sending, context: Context) -> Rendered:
    """What of it is still news. Nothing, where all has been seen meanwhile."""
    items: list[MailItem] = []
    for number in sending.numbers:
        item: Item | None = context.parts.get(str(number))
        if item is None or blocked(state, item):
            continue
        words = item.words()
        items.append(
            MailItem(title=words.title, body=words.body, link=words.link or _link(item), at_ms=item.created_ms)
        )
    if not items:
        return _NOTHING
    mail = Mail("digest", user=state.id, locale=state.locale, tz=state.tz, items=tuple(items[-MOST_LISTED:]))
    return Rendered(mail=msgspec.structs.replace(mail, values={"count": len(items)}))


def _link(item: Item) -> str:
    return "" if item.subject is None else item.subject.page
