"""Subscriptions: each operation at both doors."""

from collections.abc import Iterator
from typing import Any

import msgspec

from actors.payments.bill.answers import NEUTRAL, line_reply
from actors.payments.subscription.answers import SubscriptionReply, subscription_reply
from actors.payments.subscription.commands import (
    BillNow,
    Cancel,
    ChangeMeans,
    ChangePlan,
    Pause,
    Preview,
    PreviewChange,
    Reactivate,
    Resume,
    SubscriptionCommand,
)
from actors.payments.subscription.mirroring import lines_of
from actors.payments.subscription.periods import prorated
from common.clock import Clock, to_rfc3339
from common.timeline import parse_instant
from serve_app.capabilities.payments.shared import id_for
from serve_app.capabilities.payments.subscriptions import requests
from serve_app.capabilities.payments.subscriptions.service import Subscriptions
from serve_app.capabilities.payments.subscriptions.showing import (
    ID,
    PATH,
    PLAN_REPLY,
    PREVIEW,
    SUBSCRIPTION,
    about,
    declared,
    door,
    shown,
    shown_lines,
)
from serve_app.edge.operation import Caller, Example, Operation, Result


class SubscriptionOperations:
    """Of one process."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock) -> None:
        self._subscriptions, self._clock = subscriptions, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._made()
        yield from self._ended()

    def _made(self) -> Iterator[Operation[Any]]:
        path = PATH
        example = Example(ID, SUBSCRIPTION)
        yield declared(
            "create_subscription",
            "subscription.create",
            request=requests.CreateSubscription,
            call=self._subscribe,
            rest=door("POST", "/api/subscriptions", 201),
            response=SubscriptionReply,
            example=Example({"plan_id": PLAN_REPLY["plan_id"]}, SUBSCRIPTION),
        )
        yield declared(
            "list_subscriptions",
            "subscription.read",
            request=requests.ListSubscriptions,
            call=self._list,
            rest=door("GET", "/api/subscriptions"),
            response=requests.SubscriptionPage,
            example=Example({}, {"items": [SUBSCRIPTION]}),
            description="Those that one pays or that are for one, the oldest first; for administrators all.",
        )
        yield declared(
            "get_subscription",
            "subscription.read",
            request=requests.OfSubscription,
            call=self._get,
            rest=door("GET", path),
            response=SubscriptionReply,
            example=example,
            versioned=True,
        )
        yield declared(
            "update_subscription",
            "subscription.change",
            request=requests.ChangeSubscription,
            call=self._change,
            rest=door("PATCH", path),
            response=SubscriptionReply,
            example=example,
            versioned=True,
        )
        yield declared(
            "preview_subscription",
            "subscription.read",
            request=requests.ChangeSubscription,
            call=self._preview,
            rest=door("POST", f"{path}/preview"),
            response=requests.PreviewReply,
            example=Example({**ID, "quantity": 2}, PREVIEW),
        )
        yield declared(
            "change_subscription_method",
            "subscription.change",
            request=requests.ChangeMethod,
            call=self._method,
            rest=door("POST", f"{path}/payment-method"),
            response=SubscriptionReply,
            example=Example({**ID, "method_id": "mth_01KAFZ0000000000000000000A"}, SUBSCRIPTION),
            versioned=True,
        )
        yield declared(
            "generate_invoice",
            "subscription.read",
            request=requests.GenerateInvoice,
            call=self._next_bill,
            rest=door("POST", f"{path}/invoice"),
            response=requests.InvoicePreview,
            example=Example(ID, {"at": "2026-12-02T08:15:00.000Z", "currency": "EUR", "total": 30_000, "lines": []}),
        )

    def _ended(self) -> Iterator[Operation[Any]]:
        path = PATH
        example = Example(ID, SUBSCRIPTION)
        yield declared(
            "cancel_subscription",
            "subscription.change",
            request=requests.CancelSubscription,
            call=self._cancel,
            rest=door("POST", f"{path}/cancel"),
            response=SubscriptionReply,
            example=example,
            versioned=True,
        )
        for name, word, command in (
            ("reactivate_subscription", "reactivate", Reactivate),
            ("pause_subscription", "pause", Pause),
            ("resume_subscription", "resume", Resume),
        ):
            yield declared(
                name,
                "subscription.change",
                request=requests.SteerSubscription,
                call=self._doing(command),
                rest=door("POST", f"{path}/{word}"),
                response=SubscriptionReply,
                example=example,
                versioned=True,
            )
        yield declared(
            "cancel_effects",
            "subscription.read",
            request=requests.OfSubscription,
            call=self._effects,
            rest=door("GET", f"{path}/cancel-effects"),
            response=requests.EffectsReply,
            example=Example(ID, {"bookings": [], "ends_at": "2026-12-02T08:15:00.000Z", "refund": 15_000}),
        )

    async def _subscribe(self, request: requests.CreateSubscription, caller: Caller) -> Result:
        """Subscribe to a plan; incomplete until its first bill is paid."""
        id_ = id_for("sub", caller, self._clock.platform_ms())
        return shown(await self._subscriptions.subscribe(request, id_, caller))

    async def _list(self, request: requests.ListSubscriptions, caller: Caller) -> requests.SubscriptionPage:
        """One's own subscriptions; for administrators all."""
        found, more = await self._subscriptions.page(request, caller.by)
        items = [subscription_reply(one.record, one.version) for one in found]
        return requests.SubscriptionPage(items=items, next_cursor=more)

    async def _get(self, request: requests.OfSubscription, caller: Caller) -> Result:
        """A subscription."""
        return shown(await self._subscriptions.read(request.subscription_id, caller.by))

    async def _change(self, request: requests.ChangeSubscription, caller: Caller) -> Result:
        """Another plan or quantity: what a preview said is what it costs."""
        change = await self._subscriptions.change_of(request, caller)
        return await self._asked(request.subscription_id, change, caller)

    async def _asked(self, subscription_id: str, command: SubscriptionCommand, caller: Caller) -> Result:
        """A command, and what the subscription is once it is carried out."""
        view = await self._subscriptions.ask(subscription_id, command, caller.by, caller.trace)
        return shown(await self._subscriptions.settled(view))

    async def _preview(self, request: requests.ChangeSubscription, caller: Caller) -> Result:
        """What a change would cost."""
        change = await self._subscriptions.change_of(request, caller)
        record = (await self._subscriptions.read(request.subscription_id, caller.by)).record
        if record.mirrored:
            return await self._previewed_elsewhere(request.subscription_id, change, caller)
        found = await self._previewed(request.subscription_id, change, caller)
        after = msgspec.structs.replace(record, tax=change.tax)
        reply = requests.PreviewReply(
            at=to_rfc3339(found.at),
            currency=found.currency,
            lines=shown_lines(after, list(found.extras)),
            credit=sum(one.amount for one in found.extras if one.amount < 0),
            debit=sum(one.amount for one in found.extras if one.amount > 0),
            tax=found.tax,
            due_now=found.due_now,
            next=requests.NextBill(at=to_rfc3339(found.next_at), total=found.next_total),
        )
        return about(record, reply)

    async def _previewed_elsewhere(self, subscription_id: str, change: ChangePlan, caller: Caller) -> Result:
        """What the provider says that runs it, in its own lines."""
        at = (change.at or self._clock.platform_ms()) // 1000 * 1000
        asked = PreviewChange(change=msgspec.structs.replace(change, at=at))
        record, found = await self._subscriptions.previewed(subscription_id, asked, caller.by)
        lines = lines_of(found.due)
        reply = requests.PreviewReply(
            at=to_rfc3339(at),
            currency=found.due.currency,
            lines=[line_reply(line, NEUTRAL["subscription"]) for line in lines],
            credit=sum(line.amount for line in lines if line.amount < 0),
            debit=sum(line.amount for line in lines if line.amount > 0),
            tax=sum(line.tax for line in lines),
            due_now=max(0, found.due.total) if change.proration == "now" else 0,
            next=requests.NextBill(at=to_rfc3339(found.next_at_ms), total=found.next_total),
        )
        return about(record, reply)

    async def _previewed(self, subscription_id: str, change: ChangePlan, caller: Caller) -> Preview:
        return await self._subscriptions.preview(subscription_id, PreviewChange(change=change), caller.by)

    async def _method(self, request: requests.ChangeMethod, caller: Caller) -> Result:
        """Pay by another method; what has failed is tried at once."""
        means = await self._subscriptions.means_of(request.subscription_id, request.method_id, caller.by)
        command = ChangeMeans(means=means, versions=caller.versions)
        return await self._asked(request.subscription_id, command, caller)

    async def _next_bill(self, request: requests.GenerateInvoice, caller: Caller) -> Result:
        """What is billed at a time; or (no dry run) bill at once what waits for the next bill. Where nothing does, the
        bill of this period is the answer."""
        at = parse_instant(request.at, "at") if request.at else 0
        record = (await self._subscriptions.read(request.subscription_id, caller.by)).record
        found = await self._subscriptions.billed(request.subscription_id, BillNow(at=at, dry=request.dry_run), caller)
        lines = found.lines or await self._subscriptions.lines_of(found.bill)
        reply = requests.InvoicePreview(
            at=to_rfc3339(found.at),
            currency=found.currency,
            total=max(0, sum(line.total for line in lines)),
            lines=[line_reply(line, NEUTRAL["subscription"]) for line in lines],
            bill_id=found.bill or None,
        )
        return about(record, reply)

    async def _cancel(self, request: requests.CancelSubscription, caller: Caller) -> Result:
        """End it: with its period, or now."""
        why = msgspec.msgpack.encode({"reason": request.reason}) if request.reason else None
        command = Cancel(when=request.when, refund=request.refund, secret=why, versions=caller.versions)
        return await self._asked(request.subscription_id, command, caller)

    def _doing(self, command: type[Reactivate] | type[Pause] | type[Resume]) -> Any:
        async def do(request: requests.SteerSubscription, caller: Caller) -> Result:
            return await self._asked(request.subscription_id, command(caller.versions), caller)

        do.__doc__ = command.__doc__
        return do

    async def _effects(self, request: requests.OfSubscription, caller: Caller) -> Result:
        """What ending it means: what is lost when, and what would be given back for the rest of the period."""
        record = (await self._subscriptions.read(request.subscription_id, caller.by)).record
        now = self._clock.platform_ms()
        credit, _ = prorated(record, record.plan, record.quantity, now)
        reply = requests.EffectsReply(
            bookings=await self._subscriptions.bookings_of(record, now),
            ends_at=to_rfc3339(record.period_end),
            refund=-credit.amount,
        )
        return about(record, reply)
