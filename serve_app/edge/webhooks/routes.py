"""The door for partners: no token; what they sign is what counts."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from common.errors import PayloadTooLarge
from serve_app.edge.conventions.limits import WEBHOOK_PATH
from serve_app.edge.conventions.permits import public
from serve_app.edge.webhooks.arrivals import MAX_BYTES, Webhooks

PARTNER_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,63}$"
Partner = Annotated[str, Path(examples=["stripe"])]  # no pattern: what no partner could be called is not found either
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": {"id": "evt_1"}}}}
}


class ReceivedWebhook(BaseModel):
    """What came is stored. `duplicates` of the `received` events had come before."""

    received: int = Field(examples=[1])
    duplicates: int = Field(examples=[0])


def webhook_routes(webhooks: Webhooks) -> APIRouter:
    """The route."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        WEBHOOK_PATH + "{partner}",
        operation_id="receive_webhook",
        dependencies=[public("webhook.receive")],
        openapi_extra=_BODY,
    )
    async def receive(partner: Partner, request: Request) -> ReceivedWebhook:
        """A partner tells what happened. Signed, no older than the partner's window, at most 1 MiB; answered when it is
        stored, so that whoever gets no answer sends it again."""
        webhooks.partner(partner)
        raw = await _raw(request)
        headers = dict(request.headers)
        received, duplicates = await webhooks.receive(partner, headers, raw, request.scope.get("request_id", ""))
        return ReceivedWebhook(received=received, duplicates=duplicates)

    return router


async def _raw(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BYTES:
            raise PayloadTooLarge(f"A webhook has at most {MAX_BYTES} bytes.", details={"limit": MAX_BYTES})
    return bytes(body)
