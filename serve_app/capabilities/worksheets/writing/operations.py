"""Drafts of clients without Yjs, at both doors."""

from collections.abc import Iterator
from typing import Any

from common.errors import Conflict, FailedPrecondition, PayloadTooLarge, PermissionDenied
from serve_app.capabilities.worksheets.writing import examples
from serve_app.capabilities.worksheets.writing.requests import (
    DraftView,
    OfDocument,
    SavedDraft,
    SaveDraftRequest,
    said_at,
)
from serve_app.capabilities.worksheets.writing.writings import Writings
from serve_app.edge.operation import Caller, Operation, Rest, Result

_PATH = "/api/assignments/{assignment_id}/draft"


class DraftOperations:
    """Over the documents of one process."""

    def __init__(self, writings: Writings) -> None:
        self._writings = writings

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="get_draft",
            action="worksheet.work",
            request=OfDocument,
            call=self._get,
            rest=Rest("GET", _PATH, tag="assignments"),
            limit="read",
            response=DraftView,
            resource=("assignment_id",),
            refuses=(PermissionDenied,),
            example=examples.GET_DRAFT,
            description="What is written in the present attempt.",
        )
        yield Operation(
            name="save_draft",
            action="worksheet.work",
            request=SaveDraftRequest,
            call=self._save,
            rest=Rest("PUT", _PATH, tag="assignments"),
            limit="write",
            response=SavedDraft,
            resource=("assignment_id",),
            refuses=(Conflict, FailedPrecondition, PayloadTooLarge, PermissionDenied),
            error_details=("seq", "answers"),
            example=examples.SAVE_DRAFT,
            description=(
                "Write for a client without Yjs. A text is merged as the smallest edit from what it was at `base`; "
                "everything else is set."
            ),
        )

    async def _get(self, request: OfDocument, caller: Caller) -> Result:
        found = await self._writings.draft(request.assignment_id, by=caller.by, trace=caller.trace)
        return Result(
            DraftView(
                attempt=found.attempt,
                answers=found.answers,
                rows=found.rows,
                notes=found.notes,
                seq=found.seq,
                saved_at=said_at(found.saved_at_ms),
                writable=found.writable,
            ),
            persons=[found.client_id],
        )

    async def _save(self, request: SaveDraftRequest, caller: Caller) -> Result:
        saved = await self._writings.save(
            request.assignment_id,
            request.plain,
            by=caller.by,
            trace=caller.trace,
            base=request.base,
            attempt=request.attempt,
            client_id=request.client_id or caller.idempotency_key or None,
        )
        return Result(
            SavedDraft(
                seq=saved.seq,
                saved_at=said_at(saved.saved_at_ms),
                attempt=saved.attempt,
                merged=saved.merged,
                answers=saved.answers,
            ),
            persons=[saved.client_id] if saved.answers is not None else [],
        )
