"""`/api/operations/webhooks`: what partners told, and whether somebody took it. Never what it says."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.ids import ID_PATTERN
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.routes import From
from serve_app.edge.conventions.paging import DEFAULT_PAGE, Cursor, Limit, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit
from serve_app.edge.webhooks.arrivals import ListedArrival, Webhooks
from serve_app.edge.webhooks.routes import PARTNER_PATTERN, Partner

Reader = Annotated[Principal, permit("operations.read")]
Replayer = Annotated[Principal, permit("webhook.replay")]
State = Literal["waiting", "handed", "ignored", "dead"]


class Webhook(BaseModel):
    """An event that a partner told. `waiting`: whoever it concerns has not taken it yet, and is asked again at
    `due_at`; `handed`: they have it; `ignored`: it concerns nobody here; `dead`: nobody took it, and nobody is asked
    any more."""

    partner: str = Field(examples=["stripe"])
    event_id: str = Field(examples=["evt_1"])
    type: str = Field(examples=["payment_intent.succeeded"])
    state: State
    tries: int
    received_at: str
    due_at: str | None = None


class WebhookAnswer(BaseModel):
    """One of them."""

    webhook: Webhook


class WebhookPage(BaseModel):
    """A page, the newest first."""

    webhooks: list[Webhook]
    next_cursor: str | None = None


def operator_webhook_routes(webhooks: Webhooks, audit: AuditRecord) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/operations/webhooks", tags=["operations"])

    @router.get("", operation_id="list_webhooks")
    async def listed(
        _: Reader,
        partner: Annotated[str | None, Query(pattern=PARTNER_PATTERN)] = None,
        state: State | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> WebhookPage:
        """What partners told, the newest first. For administrators."""
        before = None if cursor is None else str(decode_cursor(cursor, str)[0])
        found = await webhooks.list(partner, state, before=before, limit=limit + 1)
        more = encode_cursor(found[limit - 1].position) if len(found) > limit else None
        return WebhookPage(webhooks=[_shown(one) for one in found[:limit]], next_cursor=more)

    @router.post("/{partner}/{event_id}/replay", operation_id="replay_webhook", responses={412: {}})
    async def replay(
        partner: Partner, event_id: Annotated[str, Path(pattern=ID_PATTERN)], who: Replayer, by: From
    ) -> WebhookAnswer:
        """Hand an event over once more, also one that nobody took, or somebody took before: whoever it concerns knows
        it by its id. For administrators; in the audit record."""
        webhooks.partner(partner)
        await audit.append(
            AuditEntry(
                "webhook.replay",
                who.user,
                role=who.role,
                resource=f"{partner}/{event_id}",
                address=by.address,
                request=by.request,
            )
        )
        return WebhookAnswer(webhook=_shown(await webhooks.replay(partner, event_id, by.request)))

    return router


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
