"""What is asked of the document of an assignment."""

from typing import Any

import msgspec

from actors.kernel.contract.entity import Command


class DocumentJoined(msgspec.Struct, frozen=True, kw_only=True):
    """Who listens begins with this. `sync`: the update of all that they lacked."""

    assignment: Any
    attempt: int
    seq: int
    writable: list[str]
    sync: bytes
    state_vector: bytes


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """An update is stored, or there was nothing in it to be stored. `saved_at_ms` is the platform's."""

    seq: int
    saved_at_ms: int
    attempt: int
    state_vector: bytes = b""


class Lacked(msgspec.Struct, frozen=True, kw_only=True):
    """The update of all that somebody lacked."""

    attempt: int
    sync: bytes


class DocumentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is written by now."""

    attempt: int
    answers: dict[str, Any]
    rows: dict[str, int | float]
    notes: dict[str, str]
    seq: int
    saved_at_ms: int
    writable: list[str]
    client_id: str = ""


class DraftSaved(msgspec.Struct, frozen=True, kw_only=True):
    """A plain draft is stored. `answers`: all of them, when somebody else changed some since `base`."""

    seq: int
    saved_at_ms: int
    attempt: int
    merged: list[str]
    answers: dict[str, Any] | None = None
    client_id: str = ""


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """What a client without Yjs wants to have written."""

    answers: dict[str, Any] = {}
    unset: tuple[str, ...] = ()
    rows: dict[str, Any] = {}
    notes: dict[str, str] = {}


class JoinDocument(Command[DocumentJoined], frozen=True, kw_only=True, tag="document_join"):
    """Listen to the document, and begin with what `state_vector` lacks (None: all). `strict`: only while the attempt
    may be written, and what is lacking is asked for later."""

    state_vector: bytes | None = None
    strict: bool = False


class Catch(Command[Lacked], frozen=True, kw_only=True, tag="document_catch"):
    """What does this state vector lack?"""

    attempt: int
    state_vector: bytes


class Write(Command[Saved], frozen=True, kw_only=True, tag="document_write"):
    """Take an update."""

    attempt: int
    update: bytes


class BroadcastAwareness(Command[None], frozen=True, kw_only=True, tag="document_tell"):
    """Tell who listens where somebody is: `states` is a message of y-protocols, signed by the gateway with who they
    are; `numbers` are the writer numbers in it."""

    attempt: int
    states: bytes
    numbers: tuple[int, ...] = ()


class CountJoined(Command[None], frozen=True, kw_only=True, tag="document_count"):
    """Tell the gateways how many sockets of this one have it open. Only Carewire itself asks."""

    gateway: str
    joined: int


class GetDraft(Command[DocumentDraft], frozen=True, tag="document_get"):
    """What is written by now, for clients without Yjs."""


class SaveDraft(Command[DraftSaved], frozen=True, kw_only=True, tag="document_save"):
    """Write it for a client without Yjs. `secret` is a packed `Plain`. `base`: the number of the draft that it was made
    from (None: the present one)."""

    secret: bytes
    base: int | None = None
    attempt: int | None = None


class Compact(Command[None], frozen=True, kw_only=True, tag="document_compact"):
    """A timer's: some time has passed since the document was changed."""

    attempt: int


DocumentCommand = JoinDocument | Catch | Write | BroadcastAwareness | CountJoined | GetDraft | SaveDraft | Compact
