"""What partners told, and whether somebody took it; never what it says. For administrators."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from common.clock import to_rfc3339
from common.decoding import Id, Request
from common.errors import FailedPrecondition
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE, decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Repeatable, Rest
from serve_app.edge.webhooks.arrivals import ListedArrival, Webhooks
from serve_app.edge.webhooks.routes import PARTNER_PATTERN

State = Literal["waiting", "handed", "ignored", "dead"]
PartnerName = Annotated[str, Meta(pattern=PARTNER_PATTERN.removesuffix("$") + r"\Z")]
Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
_EVENT: Final = {
    "partner": "stripe",
    "event_id": "evt_1",
    "type": "payment_intent.succeeded",
    "state": "waiting",
    "tries": 2,
    "received_at": "2026-11-20T09:30:00.000Z",
    "due_at": "2026-11-20T09:32:20.000Z",
}


class ListWebhooks(Request, frozen=True):
    """Which."""

    partner: PartnerName | None = None
    state: State | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class ReplayWebhook(Request, Repeatable, frozen=True, kw_only=True):
    """One event of a partner. `request_id`: a repeat with it is the same deed."""

    partner: PartnerName
    event_id: Id


class Webhook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that a partner told.

    `waiting`: whoever it concerns has not taken it yet, and is asked again at `due_at`. `handed`: they have it.
    `ignored`: it concerns nobody here. `dead`: nobody took it, and nobody is asked any more.
    """

    partner: str
    event_id: str
    type: str
    state: State
    tries: int
    received_at: str
    due_at: str | None = None


class WebhookReply(msgspec.Struct, frozen=True):
    """One of them."""

    webhook: Webhook


class WebhookPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, the newest first. `next_cursor` is missing on the last one."""

    webhooks: list[Webhook]
    next_cursor: str | None = None


class WebhookOperations:
    """One a process."""

    def __init__(self, webhooks: Webhooks, audit: AuditRecord) -> None:
        self._webhooks, self._audit = webhooks, audit

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="list_webhooks",
            action="webhook.read",
            request=ListWebhooks,
            call=self._list,
            rest=Rest("GET", "/api/operations/webhooks", tag="operations"),
            limit="read",
            response=WebhookPage,
            example=Example({"state": "waiting"}, {"webhooks": [_EVENT]}),
            description="What partners told, the newest first. For administrators.",
        )
        yield Operation(
            name="replay_webhook",
            action="webhook.replay",
            request=ReplayWebhook,
            call=self._replay,
            rest=Rest("POST", "/api/operations/webhooks/{partner}/{event_id}/replay", tag="operations"),
            limit="write",
            response=WebhookReply,
            resource=("event_id",),
            refuses=(FailedPrecondition,),
            example=Example({"partner": "stripe", "event_id": "evt_1"}, {"webhook": _EVENT}),
            description="Hand an event over once more, also one that nobody took, or somebody took before: whoever it "
            "concerns knows it by its id. For administrators; in the audit record.",
        )

    async def _list(self, request: ListWebhooks, _: Caller) -> WebhookPage:
        before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        limit = request.limit
        found = await self._webhooks.list(request.partner, request.state, before=before, limit=limit + 1)
        more = encode_cursor(found[limit - 1].position) if len(found) > limit else None
        return WebhookPage([_shown(one) for one in found[:limit]], more)

    async def _replay(self, request: ReplayWebhook, caller: Caller) -> WebhookReply:
        self._webhooks.partner(request.partner)
        by, named = caller.by, f"{request.partner}/{request.event_id}"
        await self._audit.append(
            AuditEntry("webhook.replay", by.user, role=by.role, resource=named, request=caller.trace)
        )
        return WebhookReply(_shown(await self._webhooks.replay(request.partner, request.event_id, caller.trace)))


def _shown(one: ListedArrival) -> Webhook:
    line = one.line
    return Webhook(
        partner=one.partner,
        event_id=one.event_id,
        type=line.what,
        state=line.state,
        tries=line.tries,
        received_at=to_rfc3339(line.received),
        due_at=None if line.due is None else to_rfc3339(line.due),
    )
