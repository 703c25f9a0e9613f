"""The message object of the public contract: what every message has, and what only some have."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from common.persons import OtherId, UserId


class WireAck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it asks to be acknowledged, and who has done so."""

    requested: bool
    by: list[UserId]


class WireThread(msgspec.Struct, frozen=True, kw_only=True):
    """The thread that it began, or is in. How many replies there are is not known where it is just being said."""

    root_id: str
    replies: int | UnsetType = UNSET
    last_reply_at: str | UnsetType | None = UNSET


class WireLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link in it. `unusual`: it may not lead where it seems to. `blocked`: links are not let through here."""

    url: str
    host: str
    verdict: Literal["ok", "unusual", "blocked"]


class WireEncrypted(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a device has sealed for the devices of those in the room. `commitment`: HMAC-SHA256 of what it
    says, under a key that lies within: by it a report can be held to it."""

    alg: Literal["megolm.v1"]
    device_id: str
    session_id: OtherId
    ciphertext: str
    commitment: str


class WireMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The message object, in the contract's order. From `format` on, what does not apply is not there."""

    id: str
    room_id: str
    seq: int
    sender_id: UserId
    kind: str
    body: str
    client_id: OtherId | None  # the sender's own mark
    reply_to: str | None
    attachments: msgspec.Raw
    reactions: Mapping[str, tuple[UserId, ...]]
    sent_at: str
    edited_at: str | None
    deleted_at: str | None
    format: Literal["markdown"] | UnsetType = UNSET
    html: str | UnsetType = UNSET
    blocks: list[dict[str, Any]] | UnsetType = UNSET
    mentions: tuple[UserId, ...] | UnsetType = UNSET
    mention_all: bool | UnsetType = UNSET
    priority: Literal["important", "urgent"] | UnsetType = UNSET
    ack: WireAck | UnsetType = UNSET
    edits: int | UnsetType = UNSET
    edited_after_read: bool | UnsetType = UNSET
    thread: WireThread | UnsetType = UNSET
    links: list[WireLink] | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    source: Literal["schedule", "system"] | UnsetType = UNSET
    encrypted: WireEncrypted | UnsetType = UNSET
