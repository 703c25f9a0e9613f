"""What administrators can ask about what is kept: how long, what goes now, and what stays whatever becomes of it."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from actors.keeping.hold import ShownHold
from actors.keeping.terms import KeptFor, RetentionTerms
from actors.kernel.contract.entity import Principal
from actors.rooms.messages.chat_message import content_of
from common.clock import to_rfc3339
from common.errors import FailedPrecondition
from common.safety.evidence import Evidence, unpack
from serve_app.capabilities.files.reading.held import HeldFile, HeldFiles
from serve_app.capabilities.operations.job_operations import job_shown
from serve_app.capabilities.operations.jobs import Jobs
from serve_app.capabilities.retention import examples, requests
from serve_app.capabilities.retention.aging import KIND
from serve_app.capabilities.retention.holds import LegalHolds
from serve_app.capabilities.retention.telling import KIND as TELLING
from serve_app.capabilities.retention.terms import Retention
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Operation, Rest

TAG: Final = "retention"
_HOLDS: Final = "/api/holds"
_json: Final = msgspec.json.decode


class RetentionOperations:
    """One a process."""

    def __init__(self, retention: Retention, jobs: Jobs) -> None:
        self._retention, self._jobs = retention, jobs

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="get_retention",
            action="retention.read",
            request=requests.AllTerms,
            call=self._get,
            rest=Rest("GET", "/api/retention", tag=TAG),
            limit="read",
            response=requests.RetentionReply,
            example=examples.GET,
            description="How long messages are kept. For administrators.",
            versioned=True,
        )
        yield Operation(
            name="set_retention",
            action="retention.change",
            request=requests.SetRetention,
            call=self._set,
            rest=Rest("PUT", "/api/retention", tag=TAG),
            limit="write",
            response=requests.RetentionReply,
            resource=("room_id", "relation"),
            refuses=(FailedPrecondition,),
            example=examples.SET,
            description="Set it: for a room, for a relation, or for all that nothing narrower is set for. What is due "
            "goes with the next round, each day. Members see it in the policy of the room, and hear `room_updated` or "
            "`conversation_updated`: before this is answered in a room that is named, elsewhere by a job behind it. "
            "For administrators.",
            versioned=True,
        )
        yield Operation(
            name="run_retention",
            action="retention.change",
            request=requests.RunRetention,
            call=self._run,
            rest=Rest("POST", "/api/operations/retention", status=202, tag="operations"),
            limit="write",
            response=requests.RetentionBegun,
            example=examples.RUN,
            description="Delete what is due now, in a job that can be looked at, paused, resumed. For administrators.",
        )

    async def _get(self, _: requests.AllTerms, caller: Caller) -> requests.RetentionReply:
        return _set(await self._retention.get(by=caller.by, trace=caller.trace))

    async def _set(self, request: requests.SetRetention, caller: Caller) -> requests.RetentionReply:
        kept = KeptFor(days=request.days, keep_pinned=request.keep_pinned)
        made = await self._retention.set(
            kept,
            relation=request.relation,
            room=request.room_id,
            versions=caller.versions,
            by=caller.by,
            trace=caller.trace,
        )
        if request.room_id is None:
            await self._jobs.start(TELLING, dry_run=False, caller=caller)
        return _set(made)

    async def _run(self, request: requests.RunRetention, caller: Caller) -> requests.RetentionBegun:
        job_id, job = await self._jobs.start(KIND, dry_run=request.dry_run, caller=caller)
        return requests.RetentionBegun(job_shown(job_id, job))


class HoldOperations:
    """One a process. `files`: those that holds keep, where files are offered."""

    def __init__(self, holds: LegalHolds, files: HeldFiles | None) -> None:
        self._holds, self._files = holds, files

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="place_hold",
            action="hold.change",
            request=requests.PlaceHoldRequest,
            call=self._place,
            rest=Rest("POST", _HOLDS, status=201, tag=TAG),
            limit="write",
            response=requests.LegalHoldReply,
            resource=("user_id", "room_id", "case_id"),
            example=examples.PLACE,
            description="Keep what a person says, what is said in a room, or what a case is about, from now on: "
            "whatever is deleted, changed or erased. For administrators.",
        )
        yield Operation(
            name="release_hold",
            action="hold.change",
            request=requests.ReleaseHoldRequest,
            call=self._release,
            rest=Rest("POST", f"{_HOLDS}/{{hold_id}}/release", tag=TAG),
            limit="write",
            response=requests.LegalHoldReply,
            resource=("hold_id",),
            refuses=(FailedPrecondition,),
            example=examples.RELEASE,
            description="It is over: what waited for it is carried out. By another administrator than who placed it.",
        )
        yield Operation(
            name="list_holds",
            action="hold.read",
            request=requests.ListHolds,
            call=self._list,
            rest=Rest("GET", _HOLDS, tag=TAG),
            limit="read",
            response=requests.HoldPage,
            example=examples.LIST,
            description="Holds, the newest first. For administrators.",
        )
        yield Operation(
            name="export_hold",
            action="hold.export",
            request=requests.ExportHold,
            call=self._export,
            rest=Rest("GET", f"{_HOLDS}/{{hold_id}}/export", tag=TAG),
            limit="read",
            response=requests.HoldExport,
            resource=("hold_id",),
            example=examples.EXPORT,
            description="What a hold has kept of what was deleted or changed. Each look is recorded. For admins.",
        )

    async def _place(self, request: requests.PlaceHoldRequest, caller: Caller) -> requests.LegalHoldReply:
        made = await self._holds.place(
            user=request.user_id,
            room=request.room_id,
            case=request.case_id,
            reason=request.reason,
            by=caller.by,
            trace=caller.trace,
        )
        return requests.LegalHoldReply(made)

    async def _release(self, request: requests.ReleaseHoldRequest, caller: Caller) -> requests.LegalHoldReply:
        over = await self._holds.release(request.hold_id, reason=request.reason, by=caller.by, trace=caller.trace)
        return requests.LegalHoldReply(over)

    async def _list(self, request: requests.ListHolds, _: Caller) -> requests.HoldPage:
        before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        active = None if request.state is None else request.state == "active"
        found = await self._holds.page(active, before=before, limit=request.limit + 1)
        page = found[: request.limit]
        return requests.HoldPage(
            holds=page, next_cursor=encode_cursor(page[-1].hold_id) if len(found) > len(page) else None
        )

    async def _export(self, request: requests.ExportHold, caller: Caller) -> requests.HoldExport:
        after = "" if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        found = await self._holds.export(
            request.hold_id, after=after, limit=request.limit, by=caller.by, trace=caller.trace
        )
        messages = [_kept(unpack(copy)) for copy in found.copies]
        return requests.HoldExport(
            hold=found.hold,
            messages=messages,
            files=await self._held(found.hold, messages, first=not after, by=caller.by),
            next_cursor=encode_cursor(found.after) if found.after else None,
        )

    async def _held(
        self, hold: ShownHold, messages: Iterable[requests.KeptMessage], *, first: bool, by: Principal
    ) -> list[HeldFile]:
        """Where the bytes are of what these messages hold; with the first page, of what was deleted, too."""
        if self._files is None or hold.state != "active":
            return []
        named = [one["file_id"] for message in messages for one in message.attachments if "file_id" in one]
        deleted = await self._files.deleted(hold.hold_id) if first else []
        return await self._files.shown(hold.hold_id, [*named, *deleted], by)


def _set(terms: RetentionTerms) -> requests.RetentionReply:
    return requests.RetentionReply(
        default=terms.default, relations=terms.relations, rooms=terms.rooms, version=terms.version
    )


def _kept(one: Evidence) -> requests.KeptMessage:
    rich = content_of(one.content).rich if one.content else None
    return requests.KeptMessage(
        room_id=one.room,
        message_id=one.message_id,
        seq=one.seq,
        sender_id=one.sender,
        body=one.body,
        sent_at=to_rfc3339(one.at),
        kept_at=to_rfc3339(one.captured),
        versions=[requests.KeptVersion(before.body, to_rfc3339(before.at)) for before in one.versions],
        attachments=_json(one.attachments) if one.attachments else [],
        blocks=_json(rich.blocks) if rich is not None and rich.blocks else [],
        encrypted=_json(rich.encrypted) if rich is not None and rich.encrypted else None,
    )
