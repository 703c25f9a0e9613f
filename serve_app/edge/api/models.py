"""What the REST API returns, for its documentation. Bodies come ready from the shards and are not parsed again."""

from pydantic import BaseModel, Field

from common.persons import OtherId, UserId


class Message(BaseModel):
    """A message, as the socket events carry it. A deleted one keeps its place, with an empty body."""

    id: str
    room_id: str
    seq: int
    sender_id: UserId
    kind: str
    body: str
    client_id: OtherId | None
    reply_to: str | None
    attachments: list[dict[str, object]]
    reactions: dict[str, list[UserId]]
    sent_at: str
    edited_at: str | None
    deleted_at: str | None


class Room(BaseModel):
    """A room."""

    room_id: str
    kind: str
    title: str | None
    open: bool
    owner_id: UserId | None
    created_at: str
    last_seq: int


class RoomSummary(BaseModel):
    """A room of the caller's, with what is new in it."""

    room: Room
    last_seq: int
    unread: int
    last_message: Message | None


class RoomPage(BaseModel):
    """One page of rooms, the most recently used first. `next_cursor` is missing on the last page."""

    rooms: list[RoomSummary]
    next_cursor: str | None = None


class MessagePage(BaseModel):
    """One page of messages, oldest first. `next_cursor` leads on in the direction that was asked for."""

    messages: list[Message]
    has_more: bool
    next_cursor: str | None = None


class HealthReport(BaseModel):
    """How it is, as a whole, and for operators part by part."""

    status: str = Field(description="`ok`, `degraded` (something is wrong, chat works) or `down`.")
    services: dict[str, dict[str, object]] | None = None
    uptime: float | None = Field(default=None, description="Seconds since the answering process started.")
    version: str | None = None


class Problem(BaseModel):
    """RFC 9457, with the contract's `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None = None
    retry_after: float | None = None
