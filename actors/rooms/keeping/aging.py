"""Expiry of messages, as if they were taken back. Pure, but for the reading of what is due."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision, Event, Library, Query
from actors.rooms.keeping import holds
from actors.rooms.keeping.commands import (
    Abide,
    Abided,
    Age,
    Expire,
    Expired,
    KeepingCommand,
    Overdue,
    OverdueMessages,
    RoomRetention,
)
from actors.rooms.keeping.events import Aged
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.history import as_of_now
from actors.rooms.room.events import Deleted, Pinned, Posted, Profile, Updated
from actors.rooms.room.sight import blind_to
from actors.rooms.room.state import RoomState
from common.errors import NotFound, PermissionDenied
from common.numbered_ids import seq_in

_DAY_MS: Final = 86_400_000


class DueAt(Query, frozen=True):
    """Live messages above `after` that were said before `before` (ms), but for those of these ids."""

    after: int
    before: int
    limit: int
    but: tuple[str, ...] = ()


def decide(room: RoomState, command: KeepingCommand, context: Context) -> Decision:
    """Answer.

    Raises:
        NotFound: there is no such room.
        PermissionDenied: it is not Carewire itself that asks.
    """
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
    if room.profile is None:
        raise NotFound("There is no such room.", room=room.id)
    age = age_of(room, command.terms)
    if isinstance(command, Abide):
        return _abide(room.profile, command, age, context)
    if age.days is None:
        return Decision(OverdueMessages() if isinstance(command, Overdue) else Expired(gone=0))
    before = context.now_ms - age.days * _DAY_MS
    if isinstance(command, Expire):
        return _expire(room=room, command=command, age=age, before=before, context=context)
    but = tuple(room.pins) if age.pins else ()
    return Decision(DueAt(max(command.after, room.aged), before, command.limit, but))


def needs(command: KeepingCommand) -> Sequence[str]:
    """Keys of the parts that `decide` will want."""
    return holds.with_holds([str(seq) for seq in command.seqs]) if isinstance(command, Expire) else ()


def age_of(room: RoomState, terms: RoomRetention) -> Age:
    """The retention of this room: what was set for it, for its relation, for all."""
    if terms.room is not None:
        return terms.room
    binding = room.binding
    relation = "" if binding is None else binding.relation
    return terms.relations.get(relation, terms.usual)


async def read(query: DueAt, entity_id: str, version: int, library: Library) -> OverdueMessages:
    """See `Kind.read`."""
    events = await library.after(entity_id, query.after, upto=version, limit=query.limit)
    old = [event for event in events if event.at_ms < query.before]
    messages = await as_of_now(entity_id, [one for one in old if type(one.event) is Posted], library)
    seqs = tuple(message.seq for message in messages if message.deleted_at is None and message.id not in query.but)
    upto = old[-1].seq if old else query.after
    return OverdueMessages(seqs=seqs, upto=upto, more=bool(old) and len(old) == len(events) == query.limit)


def _abide(profile: Profile, command: Abide, age: Age, context: Context) -> Decision:
    """Members hear of it; what it says of the room is what they were told."""
    changed = profile.retention_days != age.days
    if not changed or command.dry_run:
        return Decision(Abided(changed=changed))
    event = Updated(at=context.now_ms, profile=replace(profile, retention_days=age.days), retention=True)
    return Decision(Abided(changed=True), events=[event])


def _expire(room: RoomState, command: Expire, age: Age, before: int, context: Context) -> Decision:
    events: list[Event] = []
    notes: list[Event] = []
    pins, gone = tuple(room.pins), 0
    for seq in dict.fromkeys(command.seqs):
        message = context.parts.get(str(seq))
        if not isinstance(message, Message) or not _is_due(message, pins, age, before):
            continue
        gone += 1
        if message.id in pins:
            pins = tuple(pin for pin in pins if pin != message.id)
            events.append(Pinned(at=context.now_ms, target=seq, added=False, pins=pins))
        blind = blind_to(room, seq)
        events.append(Deleted(at=context.now_ms, target=seq, sender=message.sender, unseen_by=blind))
        notes += holds.copies(room, message, context)
    upto = min(command.upto, room.last_seq, *_below(room, pins if age.pins else ()))
    if upto > room.aged:
        notes.append(Aged(at=context.now_ms, upto=upto))
    return Decision(Expired(gone=gone), events=events, notes=notes)


def _below(room: RoomState, pins: Sequence[str]) -> list[int]:
    """Where what stays begins: once it is pinned no more, it is due."""
    return [seq - 1 for pin in pins if (seq := seq_in(pin, room.mark)) is not None]


def _is_due(message: Message, pins: Sequence[str], age: Age, before: int) -> bool:
    stays = age.pins and message.id in pins
    return message.deleted_at is None and message.sent_at < before and not stays
