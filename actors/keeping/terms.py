"""`retention:house`: how long messages are kept, for all, by what the two of a conversation are to each other, and by
room. One entity in all."""

from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
from msgspec.structs import replace
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Effects, Event, Kind, Principal, Recorded
from actors.kernel.contract.versions import Versions, require_version
from common.errors import FailedPrecondition, PermissionDenied
from common.policy import POLICY, Relation
from store.ports.holds import ALL, TERMS
from store.ports.views import View

HOUSE: Final = "house"
MOST_ROOMS: Final = 10_000
"""Rooms that may have terms of their own."""
Between = Literal["client_client", "therapist_therapist", "client_therapist"]
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


class KeptFor(msgspec.Struct, frozen=True, kw_only=True):
    """How long messages are kept. `days` null: for ever. `keep_pinned`: what is pinned stays as long as it is."""

    days: int | None = None
    keep_pinned: bool = False


class RetentionTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is set: for all, for conversations of a relation, for single rooms; the narrowest counts."""

    default: KeptFor = KeptFor()
    relations: dict[Between, KeptFor] = {}
    rooms: dict[str, KeptFor] = {}
    version: int = 0


class GetTerms(Command[RetentionTerms], frozen=True, tag="get"):
    """What is set."""


class SetTerms(Command[RetentionTerms], frozen=True, kw_only=True, tag="set"):
    """From now on; for all, where neither a relation nor a room is named."""

    kept: KeptFor
    relation: Between | None = None
    room: str | None = None
    versions: Versions = msgspec.UNSET


TermsCommand = GetTerms | SetTerms


class TermsSet(Event, frozen=True, kw_only=True, tag="set"):
    """By `by`."""

    by: str
    kept: KeptFor
    relation: Between | None = None
    room: str | None = None


_state: Final = msgspec.msgpack.Decoder(RetentionTerms).decode


@dataclass(slots=True)
class TermsEntity:
    """See the module."""

    terms: RetentionTerms = field(default_factory=RetentionTerms)

    def decide(self, command: TermsCommand, context: Context, version: int) -> Decision:
        """Raises PermissionDenied: not of a role that may; FailedPrecondition: it has changed meanwhile, or too many
        rooms have their own."""
        if not context.by.is_system and not POLICY.allows(context.by.role, Relation.NONE, "retention.change"):
            raise PermissionDenied("Only administrators see and set how long messages are kept.")
        if isinstance(command, GetTerms):
            return Decision(self.terms)
        require_version(command.versions, self.terms.version)
        event = TermsSet(by=context.by.user, kept=command.kept, relation=command.relation, room=command.room)
        after = _with(self.terms, event, version + 1)
        if len(after.rooms) > MOST_ROOMS:
            raise FailedPrecondition(f"At most {MOST_ROOMS} rooms have terms of their own.")
        same = replace(after, version=self.terms.version) == self.terms
        return Decision(self.terms if same else after, events=[] if same else [event])

    def apply(self, event: TermsSet, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.terms = _with(self.terms, event, seq)


def _with(terms: RetentionTerms, event: TermsSet, version: int) -> RetentionTerms:
    if event.room is not None:
        return replace(terms, rooms={**terms.rooms, event.room: event.kept}, version=version)
    if event.relation is not None:
        return replace(terms, relations={**terms.relations, event.relation: event.kept}, version=version)
    return replace(terms, default=event.kept, version=version)


class TermsKind(Kind[TermsEntity, TermsCommand, TermsSet]):
    """The terms as the kernel sees them. Nobody listens to them."""

    name = "retention"
    commands = TermsCommand
    events = TermsSet

    @override
    def create(self, key: str) -> TermsEntity:
        return TermsEntity()

    @override
    def snapshot(self, entity: TermsEntity) -> bytes:
        return _pack(entity.terms)

    @override
    def restore(self, key: str, state: bytes) -> TermsEntity:
        return TermsEntity(_state(state))

    @override
    def admit(self, entity: TermsEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to the terms.")

    @override
    def effects(self, entity_id: str, recorded: Recorded[TermsSet], part: None) -> Effects | None:
        event = recorded.event
        if event.room is not None:
            return None
        data = _to_json(event.kept)
        return Effects(views=[View(collection=TERMS, id=event.relation or ALL, version=recorded.seq, data=data)])

    @override
    def show(self, entity_id: str, recorded: Recorded[TermsSet], part: None) -> None:
        return None
