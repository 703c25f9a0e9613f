"""What clients ask of a document, and what they get."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.worksheets.assignment.shown import ShownAssignment
from actors.worksheets.document.commands import Plain
from common.clock import to_rfc3339
from common.decoding import Id, Request, Seq

ClientId = Annotated[str, Meta(min_length=1, max_length=128)]
Attempt = Annotated[int, Meta(ge=1, le=2**31)]


class JoinWorksheet(Request, frozen=True, kw_only=True):
    """Hear a document, from what `state_vector` lacks on. `binary`: false: bytes come as base64."""

    assignment_id: Id
    state_vector: bytes | None = None
    binary: bool = True


class LeaveWorksheet(Request, frozen=True, kw_only=True):
    """Hear it no more."""

    assignment_id: Id


class WorksheetSync(Request, frozen=True, kw_only=True):
    """One message of y-protocols, about the document of this attempt."""

    assignment_id: Id
    attempt: Attempt
    message: bytes


class OfDocument(Request, frozen=True, kw_only=True):
    """One that is named."""

    assignment_id: Id


class SaveDraftRequest(Request, frozen=True, kw_only=True):
    """Write for a client without Yjs. `base`: the `seq` of the draft that it was made from. `client_id`: the same again
    is the same save."""

    assignment_id: Id
    answers: dict[str, Any] = {}
    unset: Annotated[list[str], Meta(max_length=1000)] = []
    rows: dict[str, int | float | None] = {}
    notes: dict[str, str] = {}
    base: Seq | None = None
    attempt: Attempt | None = None
    client_id: ClientId | None = None

    @property
    def plain(self) -> Plain:
        """What is to be written."""
        return Plain(answers=self.answers, unset=tuple(self.unset), rows=self.rows, notes=self.notes)


class Attached(msgspec.Struct, frozen=True, kw_only=True, rename={"placeholder": "_placeholder"}):
    """Stands for the attachment of this number."""

    placeholder: bool = True
    num: int


class JoinedWorksheet(msgspec.Struct, frozen=True, kw_only=True):
    """The document as it is: `sync`, the Yjs update of what was lacking, and `state_vector`, that of all of it.
    Attachments, or base64."""

    assignment: ShownAssignment
    attempt: int
    seq: int
    writable: list[str]
    sync: bytes | Attached
    state_vector: bytes | Attached


class SyncSaved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An update is stored. Other messages are answered with nothing."""

    seq: int | None = None
    saved_at: str | None = None


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """What is written by now."""

    attempt: int
    answers: dict[str, Any]
    rows: dict[str, int | float]
    notes: dict[str, str]
    seq: int
    saved_at: str | None
    writable: list[str]


class SavedDraft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """It is stored. `merged`: texts that somebody else had changed as well. `answers`: all of them, when somebody else
    changed some since `base`."""

    seq: int
    saved_at: str | None
    attempt: int
    merged: list[str]
    answers: dict[str, Any] | None = None


def said_at(at_ms: int) -> str | None:
    """When something was stored; None: nothing was yet."""
    return to_rfc3339(at_ms) if at_ms else None
