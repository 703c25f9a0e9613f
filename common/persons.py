"""The persons whose data an answer holds: marked in the type of the answer, so that no endpoint can forget them. Pure.

A member that names a user is a `UserId`, wherever in the type it stands: in lists, as the keys of a dictionary, in
parts of parts. Each type is walked once; then an answer that is already JSON is looked through along the way that was
found, and only where it must be recorded who was read.
"""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final, TypeGuard, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo

MOST: Final = 1000  # the largest room; a page of bookings names fewer
NOT_PEOPLE: Final[Mapping[str, str]] = {
    "case_id": "a case of moderators",
    "restriction_id": "what somebody may not do",
    "report_id": "a report of a message or a person",
    "held_id": "a message that is held",
    "hold_id": "a legal hold",
    "appeal_id": "an appeal",
    "bill_id": "a bill",
    "assignment_id": "work that somebody was given",
    "booking_id": "a booking",
    "care_id": "a care relationship",
    "clarification_id": "a question about work",
    "cover_id": "a time in which somebody stands in for a therapist",
    "device_id": "a device",
    "dispute_id": "a dispute",
    "entry_id": "a place on the waitlist",
    "event_id": "an event that a partner told, or one of an inbox",
    "feedback_id": "feedback on work",
    "file_id": "a file",
    "grant_id": "a break-glass access",
    "invitation_id": "an invitation",
    "invoice_id": "an invoice",
    "issuer_id": "whoever issues invoices: the platform, or a practice",
    "job_id": "a job",
    "latest_bill_id": "a bill",
    "line_id": "a line of a bill",
    "meeting_id": "a meeting",
    "method_id": "a means of payment",
    "key_id": "a key of ours",
    "ladder_id": "a ladder: the default one, or the one that a therapist has set",
    "message_id": "a message",
    "offer_id": "an offer of the waitlist",
    "order_id": "an order at a payment provider",
    "participant_id": "a place in a meeting",
    "payment_id": "a payment",
    "payout_id": "a payout",
    "plan_id": "a plan",
    "quote_id": "a quote",
    "recording_id": "a recording of a meeting",
    "refund_id": "a refund",
    "review_id": "a payment that is held for review",
    "request_id": "a request",
    "room_id": "a room",
    "rule_id": "a rule",
    "root_id": "a message",
    "block_id": "a block of a message",
    "scheduled_id": "a message that is said later",
    "run_id": "a run of a reconciliation",
    "suppression_id": "an address that is not written to",
    "series_id": "a series",
    "service_id": "a service of a calendar",
    "service_ids": "services of a calendar",
    "session_id": "a session",
    "submission_id": "what was handed in",
    "subscription_id": "a subscription",
    "token_id": "a token of a feed",
    "tax_id": "a number at the tax office, sealed where it is kept",
    "therapist_id": "a calendar: that of a room or device, or the working hours of whoever runs it",
    "therapist_ids": "calendars",
    "track_id": "a microphone, a camera or a screen in a recording",
    "transaction_id": "a movement of money",
    "usage_id": "a use of a subscription",
    "vat_id": "a number at the tax office",
    "worksheet_id": "a worksheet",
}
"""Members called like ids that are not users' anywhere, and what they are."""
_decode: Final = msgspec.json.Decoder().decode


class Person:
    """Marks a text as the id of a user."""


class Label:
    """Marks a text that is called like an id as one of something else, here alone."""


UserId = Annotated[str, Person()]
"""The id of a user whose data this is."""
OtherId = Annotated[str, Label()]
"""An id of something else, under a name that elsewhere is a user's."""


class NothingToTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer without members."""


@dataclass(slots=True)
class Way:
    """The places of users in a value: itself (`here`), its keys, its members or its items."""

    here: bool = False
    keys: bool = False
    members: dict[str, "Way"] = field(default_factory=dict)
    items: "Way | None" = None

    def leads_anywhere(self, seen: frozenset[int] = frozenset()) -> bool:
        """Can there be a user in such a value at all?"""
        if self.here or self.keys or id(self) in seen:
            return self.here or self.keys
        further = [*self.members.values(), *([] if self.items is None else [self.items])]
        return any(way.leads_anywhere(seen | {id(self)}) for way in further)


def persons_in(answer: bytes, kind: Any, *, but: str) -> list[str]:
    """The users whom a JSON answer of type `kind` tells of, without the reader (`but`), each once, at most `MOST`.
    None when it is no JSON."""
    way = way_of(kind)
    if way is None:
        return []
    try:
        document = _decode(answer)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []
    return sorted(set(_followed(way, document)) - {but, ""})[:MOST]


@cache
def way_of(kind: Any) -> Way | None:
    """The way to the users in values of a type; None when there are none."""
    way = _walked(kind, {})
    return way if way.leads_anywhere() else None


def unmarked(kind: Any) -> list[str]:
    """Members of a type, or of its parts, of which it is not said whether they name a user: texts called `..._id` (or
    lists called `..._ids`) that are neither marked nor in `NOT_PEOPLE`; and what has no type at all."""
    return sorted(set(_doubtful(kind, str(getattr(kind, "__name__", kind)), "", set())))


def _followed(way: Way, value: Any) -> Iterator[str]:
    waiting: list[tuple[Way, Any]] = [(way, value)]
    while waiting:
        at, node = waiting.pop()
        if isinstance(node, str):
            if at.here:
                yield node
        elif isinstance(node, dict):
            if at.keys:
                yield from node
            waiting += [(further, node[name]) for name, further in at.members.items() if name in node]
            if at.items is not None:
                waiting += [(at.items, one) for one in node.values()]
        elif isinstance(node, list) and at.items is not None:
            waiting += [(at.items, one) for one in node]


def _walked(kind: Any, known: dict[Any, Way]) -> Way:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *marks = get_args(kind)
        return Way(here=True) if any(isinstance(mark, Person) for mark in marks) else _walked(inner, known)
    if origin in (Union, types.UnionType):
        return _merged([_walked(get_arg, known) for get_arg in get_args(kind)])
    if _is_mapping(origin):
        key, value = get_args(kind)
        return Way(keys=_walked(key, known).here, items=_walked(value, known))
    if _is_sequence(origin):
        return Way(items=_merged([_walked(get_arg, known) for get_arg in get_args(kind) if get_arg is not Ellipsis]))
    if not isinstance(kind, type) or not _is_compound(kind):
        return Way()
    if kind not in known:
        known[kind] = way = Way()  # first, for types that hold themselves
        way.members = {name: _walked(member, known) for name, member in members_of(kind)}
    return known[kind]


def _merged(ways: Sequence[Way]) -> Way:
    """One way for a value that may be any of several."""
    if len(ways) == 1:
        return ways[0]
    names = dict.fromkeys(name for way in ways for name in way.members)
    items = [way.items for way in ways if way.items is not None]
    return Way(
        here=any(way.here for way in ways),
        keys=any(way.keys for way in ways),
        members={name: _merged([way.members[name] for way in ways if name in way.members]) for name in names},
        items=_merged(items) if items else None,
    )


def members_of(kind: type[msgspec.Struct] | type[BaseModel]) -> list[tuple[str, Any]]:
    """The members of a Struct or a model as they are in JSON, with their types."""
    if issubclass(kind, BaseModel):
        return [(one.serialization_alias or name, _declared(one)) for name, one in kind.model_fields.items()]
    hints = get_type_hints(kind, include_extras=True)
    return [(one.encode_name, hints[one.name]) for one in msgspec.structs.fields(kind)]


def _declared(member: FieldInfo) -> Any:
    """The type of a member of a model as it was written: pydantic takes it apart."""
    return Annotated[member.annotation, *member.metadata] if member.metadata else member.annotation


def _doubtful(kind: Any, where: str, name: str, seen: set[Any]) -> Iterable[str]:
    origin = get_origin(kind)
    if kind in (Any, object):
        yield where
    elif origin is Annotated:
        inner, *marks = get_args(kind)
        if not any(isinstance(mark, Person | Label) for mark in marks):
            yield from _doubtful(inner, where, name, seen)
    elif kind is str:
        if name.endswith(("_id", "_ids")) and name not in NOT_PEOPLE:
            yield where
    elif origin is not None:
        for get_arg in get_args(kind):
            if get_arg is not Ellipsis:
                yield from _doubtful(get_arg, where, name, seen)
    elif isinstance(kind, type) and _is_compound(kind) and kind not in seen:
        seen.add(kind)
        for member, inner in members_of(kind):
            yield from _doubtful(inner, f"{kind.__name__}.{member}", member, seen)


def _is_compound(kind: type) -> TypeGuard[type[msgspec.Struct] | type[BaseModel]]:
    return issubclass(kind, msgspec.Struct | BaseModel)


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_sequence(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Sequence | set | frozenset)
