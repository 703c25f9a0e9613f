"""One operation, two doors: what a client may ask for, declared once; routes, events and documents are made of it.

    yield Operation(
        "confirm_booking", "booking.confirm", OfBooking,
        lambda request, caller: bookings.confirm(request.booking_id, by=caller.by, trace=caller.trace),
        Rest("POST", "/api/bookings/{booking_id}/confirm", tag="bookings"), "write",
        response=BookingReply, resource=("booking_id",), description="Turn a hold into a booking.",
    )

`serve_app.edge.rest` makes a route of it, `serve_app.edge.sockets` a handler.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from common.errors import CarewireError
from realtime.front.handlers import Limit
from serve_app.edge.etags import etag_of, versions_of

Request = TypeVar("Request", bound=msgspec.Struct)
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Versioned(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a request that may say, at both doors, which version it is meant for."""

    version: int | None = None


class Repeatable(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a request that may name, at both doors, the deed that it asks for; see `serve_app.edge.repeats`."""

    request_id: Annotated[str, Meta(max_length=128)] | None = None


class RepeatableChange(Versioned, frozen=True, kw_only=True):
    """Base of a request that may say both: the version that it is meant for, and the deed, as `Repeatable` does."""

    request_id: Annotated[str, Meta(max_length=128)] | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and by which words a repeat is known. A Struct, since one is made for each event of a socket.

    `trace`: names the request in logs and journal. `idempotency_key`: the `Idempotency-Key` of a POST with its address
    and user, else the `request_id` of the payload; "" when neither was given. `if_match`: the header, or else the
    `version` of a payload that is `Versioned`, as one would write it there. `session`, `device`: of the token.
    `connection`: the public id of the socket that asks; "": it came over REST. `network`: the address that it came
    from, as limits count it.
    """

    by: Principal
    trace: str
    idempotency_key: str = ""
    if_match: str | None = None
    session: str = ""
    device: str = ""
    connection: str = ""
    network: str = ""

    @property
    def versions(self) -> tuple[int, ...] | msgspec.UnsetType:
        """What may be changed is one of these versions; unset: whatever is there."""
        return versions_of(self.if_match)


@dataclass(frozen=True, slots=True)
class Result:
    """An answer that says more than its body.

    `body`: a Struct or a document, or JSON that is ready. `status`: at the REST door, where it is not the usual one.
    `version`: of what the body shows, told as `ETag` by REST. `persons`: whom it tells of, where the body does not say.
    """

    body: msgspec.Struct | Mapping[str, Any] | bytes
    status: int | None = None
    version: int | None = None
    persons: Sequence[str] | None = None


Answer: TypeAlias = msgspec.Struct | Mapping[str, Any] | Reply | Result
"""What an operation gives back. A `Reply` is JSON already."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a client may send, and what it gets: JSON documents, held against the types in tests."""

    request: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RestAnswer(Generic[Request]):
    """An answer at the REST door where it is not what the socket gets (`text/calendar`; a page of another form).

    `by`: the request and the body that the operation gave, to the body of the response. `response`: its type, None when
    it is no JSON.
    """

    by: Callable[[Request, Any], msgspec.Struct | Mapping[str, Any] | bytes]
    response: type[msgspec.Struct] | None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Rest:
    """The REST door of an operation.

    Members of the request that `path` names are taken from the address; all others from the query of a GET or DELETE,
    from the body of a POST, PUT or PATCH.

    `status`: of success; `statuses`: others that succeed too. `tag`: the group in the documents. `request`: the type at
    this door, where an address knows more than an event (a subtype of the operation's). `body`: the type of the body,
    where it is not what `path` leaves of the request; `bodiless`: a body is not looked at. `shown`: another answer.
    `strict`: what the query names and the request does not have is refused.
    `aliases`: other paths, which the documents leave out; they may name other members. `streamed`: what is done with a
    body of `application/x-ndjson` instead: it streams in, and the answer out; how much it may be is for it to say.
    """

    method: Method
    path: str
    status: int = 200
    _: KW_ONLY
    statuses: tuple[int, ...] = ()
    tag: str = ""
    request: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    bodiless: bool = False
    shown: RestAnswer[Any] | None = None
    aliases: tuple[str, ...] = ()
    strict: bool = False
    streamed: Callable[[AsyncIterator[bytes], Caller], AsyncIterator[bytes]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Request]):
    """One thing that a client may ask for, at both doors.

    `name`: the Socket.IO event, and OpenAPI's operationId. `action`: of `common.policy`; the permit and the audit of
    reads follow from it. `request`: the type at both doors. `rest`: None: sockets only. `limit`: the bucket of the
    sockets. `response`: the type of the answer. `resource`: members of the request; the first that has a value is what
    the audit record names. `error_details`: members of a `Conflict`'s details that REST tells beside the problem's own
    (reasons, alternatives). `refuses`: errors beside those of every operation. `description`: for the documents; ""
    takes that of the request. `anonymous`: also for who has not said who they are. `versioned`: its answer has a
    version; a change of what the address names obeys `If-Match`. `topic`: what a socket that asks listens to from then
    on; the call gives a `Reply` of its entity, asked with `listen` where `Caller.connection` is not "".
    """

    name: str
    action: str
    request: type[Request]
    call: Callable[[Request, Caller], Awaitable[Answer]]
    rest: Rest | None
    limit: Limit
    response: type[msgspec.Struct] | None = None
    resource: tuple[str, ...] = ()
    error_details: tuple[str, ...] = ()
    refuses: tuple[type[CarewireError], ...] = ()
    example: Example | None = None
    description: str = ""
    anonymous: bool = False
    versioned: bool = False
    topic: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class ClientEvent(Generic[Request]):
    """An event that only a socket can send (it listens from then on): what an `Operation` declares, without the call.
    Whoever has the socket carries it out, with a handler of its own. `binary`: bytes may come as attachments."""

    name: str
    action: str
    request: type[Request]
    limit: Limit
    _: KW_ONLY
    response: type[msgspec.Struct] | None = None
    resource: tuple[str, ...] = ()
    refuses: tuple[type[CarewireError], ...] = ()
    example: Example | None = None
    description: str = ""
    anonymous: bool = False
    binary: bool = False


Declared: TypeAlias = Operation[Any] | ClientEvent[Any]
"""What a client may emit."""


def version_meant(request: msgspec.Struct) -> str | None:
    """The `version` of a request that is `Versioned`, as an entity tag."""
    meant = request.version if isinstance(request, Versioned) else None
    return None if meant is None else etag_of(meant)


def result_of(answer: Answer) -> Result:
    """The answer of an operation with all that can be said of it."""
    if isinstance(answer, Result):
        return answer
    return Result(answer.data) if isinstance(answer, Reply) else Result(answer)


def version_of(result: Result) -> int | None:
    """Of what an answer shows: as it says, or as its body does, or the one thing in it that has one."""
    if result.version is not None or not isinstance(result.body, msgspec.Struct):
        return result.version
    own = getattr(result.body, "version", None)
    if own is None:
        members = [getattr(result.body, name) for name in result.body.__struct_fields__]
        found = {one.version for one in members if isinstance(one, msgspec.Struct) and hasattr(one, "version")}
        own = found.pop() if len(found) == 1 else None
    return own if isinstance(own, int) else None


def encoded(body: msgspec.Struct | Mapping[str, Any] | bytes) -> bytes:
    """The body as JSON."""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)
