"""Every operation of broadcasts. For administrators."""

from collections.abc import Iterator
from typing import Any, Final

from actors.broadcasts.commands import CancelBroadcast, PauseBroadcast, ResumeBroadcast
from actors.broadcasts.records import ShownBroadcast
from actors.kernel.contract.entity import Command
from common.errors import FailedPrecondition
from serve_app.capabilities.broadcasts import requests
from serve_app.capabilities.broadcasts.requests import BroadcastReply
from serve_app.capabilities.broadcasts.service import Broadcasts
from serve_app.edge.operation import Caller, Example, Operation, Rest

_PATH: Final = "/api/notifications/broadcasts"
_TAG: Final = "notifications"
_OF: Final = {"broadcast_id": "brd_01KAFZ0000000000000000000A"}
_BROADCAST: Final[dict[str, Any]] = {
    "id": _OF["broadcast_id"],
    "status": "running",
    "audience": {"role": "therapist"},
    "total": 210,
    "done": 100,
    "failed": 0,
    "created_at": "2026-11-20T09:30:00.000Z",
}


class BroadcastOperations:
    """One a process."""

    def __init__(self, broadcasts: Broadcasts) -> None:
        self._broadcasts = broadcasts

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="broadcast_notification",
            action="broadcast.create",
            request=requests.BroadcastNotification,
            call=self._announce,
            rest=Rest("POST", _PATH, status=202, tag=_TAG),
            limit="write",
            response=BroadcastReply,
            example=Example(
                {"audience": {"role": "therapist"}, "title": "Maintenance", "body": "On Sunday at 02:00."},
                {"broadcast": _BROADCAST},
            ),
            description="Tell many people one thing. Who has the role when it is sent is told. In the audit record.",
        )
        yield Operation(
            name="get_broadcast",
            action="broadcast.read",
            request=requests.OfBroadcast,
            call=self._get,
            rest=Rest("GET", f"{_PATH}/{{broadcast_id}}", tag=_TAG),
            limit="read",
            response=BroadcastReply,
            resource=("broadcast_id",),
            example=Example(_OF, {"broadcast": _BROADCAST}),
            description="How far a broadcast has come.",
        )
        yield self._changing("pause_broadcast", PauseBroadcast(), "Tell nobody further for now.")
        yield self._changing("resume_broadcast", ResumeBroadcast(), "Go on where it stands.")
        yield self._changing("cancel_broadcast", CancelBroadcast(), "End it; who was told stays told.")

    async def _announce(self, request: requests.BroadcastNotification, caller: Caller) -> BroadcastReply:
        return BroadcastReply(broadcast=await self._broadcasts.announce(request, caller))

    async def _get(self, request: requests.OfBroadcast, _: Caller) -> BroadcastReply:
        return BroadcastReply(broadcast=await self._broadcasts.get(request.broadcast_id))

    def _changing(self, name: str, command: Command[ShownBroadcast], what: str) -> Operation[requests.ChangeBroadcast]:
        async def changed(request: requests.ChangeBroadcast, caller: Caller) -> BroadcastReply:
            action = f"broadcast.{name.removesuffix('_broadcast')}"
            return BroadcastReply(
                broadcast=await self._broadcasts.change(request.broadcast_id, action, command, caller)
            )

        return Operation(
            name=name,
            action="broadcast.change",
            request=requests.ChangeBroadcast,
            call=changed,
            rest=Rest("POST", f"{_PATH}/{{broadcast_id}}/{name.removesuffix('_broadcast')}", tag=_TAG),
            limit="write",
            response=BroadcastReply,
            resource=("broadcast_id",),
            refuses=(FailedPrecondition,),
            example=Example(_OF, {"broadcast": _BROADCAST}),
            description=f"{what} In the audit record.",
        )
