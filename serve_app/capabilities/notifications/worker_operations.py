"""The operations of a device's worker: what it shows after a push, and what became of that."""

from collections.abc import Iterator
from typing import Any, Final

from actors.kernel.contract.entity import as_themselves
from actors.notifications.notifier.answers import PulledNotifications
from actors.notifications.notifier.commands import PullNotifications
from actors.notifications.notifier.device_answers import ReceiptsTaken
from actors.notifications.notifier.device_commands import Receipt, RecordReceipts
from common.errors import Unauthenticated
from common.timeline import parse_instant
from serve_app.capabilities.notifications import examples, requests
from serve_app.capabilities.notifications.pull_tokens import PullTokens
from serve_app.capabilities.notifications.service import Notifications
from serve_app.edge.operation import Caller, Operation, Rest

_TAG: Final = "push"


class WorkerOperations:
    """One a process that serves clients. `tokens`: those of devices, for who has no bearer token at hand."""

    def __init__(self, service: Notifications, tokens: PullTokens) -> None:
        self._service, self._tokens = service, tokens

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="pull_notifications",
            action="push.pull",
            request=requests.PullRequest,
            call=self._pull,
            rest=Rest("GET", "/api/push/pull", tag=_TAG),
            limit="read",
            response=PulledNotifications,
            example=examples.PULL,
            description="What came after a `seq`, oldest first: what a worker shows after a push. A bearer token, or "
            "the device's `pull_token`.",
            anonymous=True,
        )
        yield Operation(
            name="push_receipts",
            action="push.pull",
            request=requests.PushReceipts,
            call=self._receipts,
            rest=Rest("POST", "/api/push/receipts", tag=_TAG),
            limit="write",
            response=ReceiptsTaken,
            example=examples.RECEIPTS,
            description="What became of pushes on their device. A bearer token, or the device's `pull_token`.",
            anonymous=True,
        )

    async def _pull(self, request: requests.PullRequest, caller: Caller) -> PulledNotifications:
        user = await self._who(request.pull_token, caller)
        command = PullNotifications(request.after, request.limit)
        return await self._service.ask(user, command, by=as_themselves(user), trace=caller.trace)

    async def _receipts(self, request: requests.PushReceipts, caller: Caller) -> ReceiptsTaken:
        user = await self._who(request.pull_token, caller)
        receipts = tuple(
            Receipt(
                delivery_id=one.delivery_id,
                event=one.event,
                action=one.action or "",
                at_ms=0 if one.at is None else parse_instant(one.at, "at"),
            )
            for one in request.receipts
        )
        return await self._service.ask(user, RecordReceipts(receipts), by=as_themselves(user), trace=caller.trace)

    async def _who(self, token: str | None, caller: Caller) -> str:
        """Whose device asks. Raises Unauthenticated: nobody says, or the device is none any more."""
        if token is None:
            if not caller.by.user:
                raise Unauthenticated("Send a token, or the pull_token of a device.")
            return caller.by.user
        bearer = self._tokens.read(token)
        by = as_themselves(bearer.user)
        if not await self._service.is_registered(bearer.user, bearer.device, by=by, trace=caller.trace):
            raise Unauthenticated("This device is registered no more.")
        return bearer.user
