"""Events of a room as listeners see them, and their effects outside the journal."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from actors.kernel.contract.entity import Effects, Recorded, Shown, packet_of
from actors.rooms.conversation.binding import NO_OPENING, Opening
from actors.rooms.keeping import views as copies
from actors.rooms.keeping.events import ContentKept
from actors.rooms.marks.events import Acknowledged, BlockReserved, BlockSet, Chosen, RoomEvent
from actors.rooms.messages import views
from actors.rooms.messages.chat_message import Message, posted
from actors.rooms.messages.views import membership_view
from actors.rooms.room.events import (
    AnyEvent,
    Created,
    Deleted,
    Edited,
    Joined,
    Left,
    Pinned,
    Posted,
    Profile,
    Reacted,
    ReadMarkMoved,
    Rebound,
    Updated,
)
from actors.rooms.room.sight import OPEN, Sight
from actors.rooms.room.state import role_of
from actors.rooms.safety.events import SAFETY_EVENTS, MonitoringBegan, MonitoringEnded, SafetyEvent
from common.clock import to_rfc3339
from common.numbered_ids import mark_of, seq_in

_to_json: Final = msgspec.json.Encoder().encode
_CHANGES: Final[dict[type, str]] = {Edited: "message_updated", Deleted: "message_deleted", Reacted: "reaction"}
Part = Message | Opening | None
_Payload = Callable[[Sight], object]
"""What is told, as somebody sees it."""


def room_id_of(entity_id: str) -> str:
    """`room:42` -> `42`."""
    return entity_id.partition(":")[2]


def show(entity_id: str, recorded: Recorded[AnyEvent], part: Part) -> Shown | None:
    """The Socket.IO event of the public contract."""
    event, seq = recorded.event, recorded.seq
    room_id = room_id_of(entity_id)
    if isinstance(event, Posted):
        message = part if isinstance(part, Message) else posted(event, seq)
        if not message.veil:  # first: the commonest by far
            return Shown("message", _to_json(message.to_wire(room_id)))
        return _named("message", lambda sight: message.to_wire(room_id, sight), message.veil, message.people)
    if isinstance(event, Edited | Deleted | Reacted):
        return _changed(room_id, seq, event, part) if isinstance(part, Message) else None
    if isinstance(event, ReadMarkMoved):
        return None if event.private else _read(room_id, event)
    if isinstance(event, Acknowledged | BlockSet | Pinned):
        return _show_mark(room_id, seq, event)
    if isinstance(event, SAFETY_EVENTS):
        return _monitored(room_id, event)
    opening = part if isinstance(part, Opening) else NO_OPENING
    return _show_room(room_id, seq, event, opening)


def _show_mark(room_id: str, seq: int, event: Acknowledged | BlockSet | Pinned) -> Shown:
    head: dict[str, object] = {"room_id": room_id}
    match event:
        case Pinned():
            return Shown("pins_changed", _to_json(head | {"seq": seq, "pins": event.pins}))
        case BlockSet():
            what = {"message_id": event.message_id, "block_id": event.block, "state": event.state}
            return Shown("block_updated", _to_json(head | what), skip=event.unseen_by)

    def payload(sight: Sight) -> object:
        who = {"message_id": event.message_id, "user_id": sight.name(event.author), "at": to_rfc3339(event.at)}
        return head | who

    return _named(
        name="message_acknowledged",
        payload=payload,
        veil=event.veil,
        people=lambda: (event.author,),
        skip=event.unseen_by,
    )


def _named(
    name: str, payload: _Payload, veil: str, people: Callable[[], Iterable[str]], skip: tuple[str, ...] = ()
) -> Shown:
    """The packet for all; in an anonymous room, one of their own for each whom it names."""
    if not veil:
        return Shown(name, _to_json(payload(OPEN)), skip=skip)
    own = {user: packet_of(name, _to_json(payload(Sight(user, 0, veil)))) for user in people() if user}
    return Shown(name, _to_json(payload(Sight("", 0, veil))), skip=skip, instead=own)


def _changed(room_id: str, seq: int, event: Edited | Deleted | Reacted, message: Message) -> Shown:
    def payload(sight: Sight) -> object:
        return {"room_id": room_id, "seq": seq, "message": message.to_wire(room_id, sight)}

    return _named(
        name=_CHANGES[type(event)], payload=payload, veil=message.veil, people=message.people, skip=event.unseen_by
    )


def _read(room_id: str, event: ReadMarkMoved) -> Shown:
    at = to_rfc3339(event.at)

    def payload(sight: Sight) -> object:
        return {"room_id": room_id, "user_id": sight.name(event.author), "seq": event.mark, "at": at}

    return _named(
        name="read_receipt", payload=payload, veil=event.veil, people=lambda: (event.author,), skip=event.unseen_by
    )


def _show_room(room_id: str, seq: int, event: RoomEvent, opening: Opening) -> Shown | None:
    head: dict[str, object] = {"room_id": room_id, "seq": seq}
    at = to_rfc3339(event.at)
    match event:
        case Updated(profile=profile, retention=True) if profile.binding is not None and profile.binding.relation:
            return _profile("conversation_updated", profile, opening, room_id=room_id, seq=seq)
        case Created(profile=profile) | Updated(profile=profile):
            return _profile("room_updated", profile, opening, room_id=room_id, seq=seq)
        case Rebound(profile=profile):
            return _profile("conversation_updated", profile, opening, room_id=room_id, seq=seq)
        case Joined(user=user, author=by):
            role = event.role or role_of(user, event.profile.owner or user)

            def joined(sight: Sight) -> object:
                who = {"user_id": sight.name(user), "role": role}
                return head | who | {"by": sight.name(by), "at": at}

            return _named("member_joined", joined, _veil(event.profile), lambda: {user, by})
        case Left(user=user, author=by):

            def left(sight: Sight) -> object:
                return head | {"user_id": sight.name(user), "by": sight.name(by), "at": at}

            shown = _named("member_left", left, event.veil, lambda: {user, by})
            return msgspec.structs.replace(shown, evict=user)
    return None


def _monitored(room_id: str, event: SafetyEvent) -> Shown | None:
    """Members hear that the room is read, or was: once, at the end, unless they hear it at once."""
    begins = isinstance(event, MonitoringBegan) and event.notice
    ended = isinstance(event, MonitoringEnded) and not event.told
    payload = {"room_id": room_id, "at": to_rfc3339(event.at)}
    return Shown("room_monitored", _to_json(payload)) if begins or ended else None


def _veil(profile: Profile) -> str:
    return "" if profile.binding is None else profile.binding.veil


def _profile(name: str, profile: Profile, opening: Opening, *, room_id: str, seq: int) -> Shown:
    """The room for all, and for whoever sees more of it: its owner, where they have an alias; its maker, if it speaks
    of their client."""

    def payload(user: str) -> bytes:
        room = profile.to_wire(room_id, seq, Sight(user), opening)
        return _to_json({"room_id": room_id, "seq": seq, "room": room})

    bound = profile.binding
    if bound is None or not (bound.veil or bound.about):
        return Shown(name, payload(""))
    own = {user: packet_of(name, payload(user)) for user in {profile.owner, bound.maker} if user}
    return Shown(name, payload(""), instead=own)


def effects(entity_id: str, recorded: Recorded[AnyEvent], part: Part) -> Effects | None:
    """Read models and redactions. A message that was only posted entails nothing."""
    event, seq = recorded.event, recorded.seq
    if type(event) is Posted:
        return None if event.reply_to is None else _answers(entity_id, event, seq)
    room_id = room_id_of(entity_id)
    match event:
        case Edited() | Deleted() | Reacted() | Pinned():
            return views.of_message(entity_id, part) if isinstance(part, Message) else None
        case Acknowledged() | BlockSet() | BlockReserved() | Chosen():
            return views.of_margin(entity_id, part) if isinstance(part, Message) else None
        case Created():
            return _began(room_id, seq, event, event.members)
        case Joined():
            return _began(room_id, seq, event, (event.user,))
        case Updated():
            return Effects(views=(views.searching_view(room_id, seq, searchable=event.profile.searchable),))
        case ContentKept():
            return copies.effects(entity_id, event)
        case Left():
            return Effects(views=(membership_view(room_id, event.user, version=seq, at_ms=event.at, left=True),))
    return None


def _answers(entity_id: str, event: Posted, seq: int) -> Effects | None:
    """A message of a thread."""
    root = (event.more.root if event.more is not None else "") or event.reply_to
    begun = None if root is None else seq_in(root, mark_of(room_id_of(entity_id)))
    return None if begun is None else Effects(views=(views.reply_view(entity_id, begun, seq, event.at),))


def _began(room_id: str, seq: int, event: RoomEvent, users: tuple[str, ...]) -> Effects:
    """Memberships that began."""
    views = [membership_view(room_id, user, version=seq, at_ms=event.at, left=False) for user in users]
    return Effects(views=tuple(views))
