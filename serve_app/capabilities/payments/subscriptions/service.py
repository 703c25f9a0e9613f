"""Plans and subscriptions, for the operations."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.bill.commands import BillView, ReadBill
from actors.payments.bill.state import Line
from actors.payments.bill.views import BILLS
from actors.payments.bill.views import record_in as bill_in
from actors.payments.coupon.entity import ReleaseCoupon, ReserveCoupon, coupon_of
from actors.payments.plan.entity import PLANS, PlanBody, PlanView, ReadPlan, SetPlan
from actors.payments.pricing.quote import Discount, discount_on
from actors.payments.standing import PreviewSeen
from actors.payments.subscription.billing import bill_id_of
from actors.payments.subscription.commands import (
    BillNow,
    ChangePlan,
    Generated,
    Means,
    Preview,
    PreviewChange,
    ReadSubscription,
    Subscribe,
    SubscriptionCommand,
    SubscriptionView,
)
from actors.payments.subscription.kind import SUBSCRIPTIONS, record_in
from actors.payments.subscription.state import LIVE, Subscription, Tax
from actors.payments.taxes import rule_for
from common.clock import Clock, to_rfc3339
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, Unavailable
from common.money import is_currency
from common.timeline import DAY_MS, parse_instant
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.ports import TaxRates
from serve_app.capabilities.payments.shared import Options
from serve_app.capabilities.payments.subscriptions import requests
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller
from store.ports.views import Scalar, View, ViewQuery

_MOST: Final = 1000
_PATIENCE_S: Final = 5.0
_FIRST_LOOK_S, _LONGEST_PAUSE_S = 0.01, 0.1


class Subscriptions:
    """One a process."""

    def __init__(
        self,
        entities: EntityClient,
        views: ViewFinder,
        payers: Payers,
        taxes: TaxRates,
        options: Options,
        clock: Clock,
    ) -> None:
        self._entities, self._views, self._payers = entities, views, payers
        self._taxes, self._options, self._clock = taxes, options, clock

    async def plan(self, plan_id: str) -> PlanView:
        """A plan. Raises NotFound."""
        return await self._entities.ask(f"plan:{plan_id}", ReadPlan(), by=SYSTEM)

    async def set_plan(self, plan_id: str, plan: PlanBody, caller: Caller, *, new: bool) -> PlanView:
        """Make or change a plan. Raises InvalidArgument: it is in no currency, or billed by a partner that is not
        configured."""
        if not is_currency(plan.currency):
            raise InvalidArgument("This is no currency.", details={"field": "currency"})
        if plan.billed_by not in ("carewire", *self._options.providers):
            raise FailedPrecondition(
                "This provider is not configured here.", details={"reason": "billed_by", "field": "billed_by"}
            )
        command = SetPlan(plan=plan, new=new, versions=caller.versions)
        return await self._entities.ask(f"plan:{plan_id}", command, by=caller.by, trace=caller.trace)

    async def plans(self, wanted: requests.Listing) -> tuple[list[PlanView], str | None]:
        """Plans by id."""
        found, more = await self._page(PLANS, [{}], wanted)
        return [msgspec.msgpack.decode(view.data, type=PlanView) for view in found], more

    async def subscribe(
        self, wanted: requests.CreateSubscription, subscription_id: str, caller: Caller
    ) -> SubscriptionView:
        """Begin a subscription.

        Raises:
            NotFound: there is no such plan, or no such method.
            FailedPrecondition: the plan is not offered any more; or a code is used up, or not for this.
        """
        by = caller.by
        client = wanted.client_id or by.user
        agreed = await self._payers.payer_of(client)
        if by.user not in (client, agreed) and by.role != "admin":
            raise PermissionDenied("Only who pays for somebody, and administrators, subscribe for others.")
        payer = wanted.payer_id or agreed
        if payer not in (by.user, agreed) and by.role != "admin":
            raise PermissionDenied("They have not agreed to pay for you.")
        plan = await self.plan(wanted.plan_id)
        if not plan.plan.active:
            raise FailedPrecondition("This plan is not offered any more.", details={"reason": "inactive"})
        means = await self._means(payer, wanted.method_id, by)
        if plan.plan.billed_by != "carewire":
            means = await self._means_at(plan.plan.billed_by, payer, means)
            if wanted.codes:
                raise FailedPrecondition("The payment provider takes no codes.", details={"reason": "discount_service"})
        discounts = await self._reserved(wanted, plan, subscription_id, client)
        command = Subscribe(
            plan_id=plan.id,
            plan=plan.plan,
            plan_version=plan.version,
            quantity=wanted.quantity,
            payer=payer,
            client=client,
            tax=await self._tax(plan.plan),
            means=means,
            trial=wanted.trial,
            codes=wanted.codes,
            discounts=discounts,
        )
        return await self.settled(await self.ask(subscription_id, command, SYSTEM, caller.trace))

    async def ask(
        self, subscription_id: str, command: SubscriptionCommand, by: Principal, trace: str = ""
    ) -> SubscriptionView:
        """A command to a subscription, and what it is then."""
        reply = await self._entities.submit(f"subscription:{subscription_id}", command, by=by, trace=trace)
        return msgspec.json.decode(reply.data, type=SubscriptionView)

    async def preview(self, subscription_id: str, command: PreviewChange, by: Principal) -> Preview:
        """What a change would cost."""
        reply = await self._entities.submit(f"subscription:{subscription_id}", command, by=by)
        return msgspec.json.decode(reply.data, type=Preview)

    async def billed(self, subscription_id: str, command: BillNow, caller: Caller) -> Generated:
        """What is billed, or would be."""
        reply = await self._entities.submit(
            f"subscription:{subscription_id}", command, by=caller.by, trace=caller.trace
        )
        return msgspec.json.decode(reply.data, type=Generated)

    async def lines_of(self, bill_id: str) -> tuple[Line, ...]:
        """The lines of a bill; of none, none."""
        if not bill_id:
            return ()
        reply = await self._entities.submit(f"bill:{bill_id}", ReadBill(), by=SYSTEM)
        return msgspec.json.decode(reply.data, type=BillView).record.lines

    async def bookings_of(self, record: Subscription, now: int) -> list[str]:
        """The bookings ahead of which each is to be paid by a unit of this subscription."""
        equal: dict[str, Scalar] = {"client": record.client}
        query = ViewQuery(collection=BILLS, equal=equal, order_by="order", descending=True, limit=_MOST)
        bills = [bill_in(view) for view in await self._views.find(query)]
        ahead = [
            one
            for one in bills
            if one.reserved == record.id and one.gate in ("waiting", "open") and not one.completed and one.start > now
        ]
        return [one.booking for one in sorted(ahead, key=lambda one: one.start)]

    async def read(self, subscription_id: str, by: Principal) -> SubscriptionView:
        """A subscription. Raises NotFound."""
        return await self.ask(subscription_id, ReadSubscription(), by)

    async def change_of(self, wanted: requests.ChangeSubscription, caller: Caller) -> ChangePlan:
        """The change that is wanted, with the plan as it is offered now."""
        record = (await self.read(wanted.subscription_id, caller.by)).record
        body, plan_id, version = record.plan, record.plan_id, record.plan_version
        if wanted.plan_id is not None and wanted.plan_id != plan_id:
            plan = await self.plan(wanted.plan_id)
            if plan.plan.currency != body.currency:
                raise FailedPrecondition("This plan is in another currency.", details={"reason": "currency"})
            body, plan_id, version = plan.plan, plan.id, plan.version
        return ChangePlan(
            plan_id=plan_id,
            plan=body,
            plan_version=version,
            quantity=wanted.quantity or record.quantity,
            tax=await self._tax(body),
            proration=wanted.proration,
            when=wanted.when,
            at=parse_instant(wanted.at, "at") if wanted.at else 0,
            versions=caller.versions if wanted.version is None else (wanted.version,),
        )

    async def means_of(self, subscription_id: str, method_id: str, by: Principal) -> Means:
        """By what a subscription is to be paid. Raises NotFound: it is not the payer's."""
        record = (await self.read(subscription_id, by)).record
        means = await self._means(record.payer, method_id, by)
        return await self._means_at(record.plan.billed_by, record.payer, means) if record.mirrored else means

    async def page(
        self, wanted: requests.ListSubscriptions, by: Principal
    ) -> tuple[list[SubscriptionView], str | None]:
        """Those that `wanted` names; of nobody: that `by` pays or that are for them, or (administrators) all.

        Raises:
            NotFound: somebody else's are asked for.
        """
        named = {"payer": wanted.payer_id, "client": wanted.client_id}
        equal: dict[str, Scalar] = {name: user for name, user in named.items() if user is not None}
        if by.role != "admin" and equal and by.user not in equal.values():
            raise NotFound("There is no such payer.")
        own: list[dict[str, Scalar]] = [{"payer": by.user}, {"client": by.user}]
        found, more = await self._page(SUBSCRIPTIONS, [equal] if equal or by.role == "admin" else own, wanted)
        return [SubscriptionView(record=record_in(view), version=view.version) for view in found], more

    async def of(self, person: str) -> list[Subscription]:
        """All that somebody pays, or that are for them."""
        found: dict[str, Subscription] = {}
        for name in ("payer", "client"):
            query = ViewQuery(collection=SUBSCRIPTIONS, equal={name: person}, order_by="order", limit=1000)
            found |= {view.id: record_in(view) for view in await self._views.find(query)}
        return list(found.values())

    async def with_feature(self, client: str, feature: str) -> Subscription:
        """The live subscription of a client that includes a feature. Raises NotFound."""
        for record in await self.of(client):
            named = {one.feature for one in record.plan.features}
            if record.client == client and record.status in LIVE and feature in named:
                return record
        raise NotFound("No subscription includes this.", details={"field": "feature"})

    async def _page(
        self, collection: str, any_of: Sequence[Mapping[str, Scalar]], wanted: requests.Listing
    ) -> tuple[list[View], str | None]:
        above = None if wanted.cursor is None else str(decode_cursor(wanted.cursor, str)[0])
        met: dict[str, View] = {}
        for equal in any_of:
            query = ViewQuery(collection=collection, equal=equal, order_by="order", above=above, limit=wanted.limit + 1)
            met |= {view.id: view for view in await self._views.find(query)}
        found = sorted(met.values(), key=lambda view: str(view.fields["order"]))
        page = found[: wanted.limit]
        more = encode_cursor(str(page[-1].fields["order"])) if len(found) > wanted.limit else None
        return page, more

    async def settled(self, view: SubscriptionView) -> SubscriptionView:
        """As it is once the provider that runs it has answered, or patience is at its end. One that Carewire runs is
        there at once.

        Raises:
            FailedPrecondition: the provider refuses what was asked last.
        """
        record = view.record
        asked = record.asks
        until, pause = self._clock.monotonic_s() + _PATIENCE_S, _FIRST_LOOK_S
        while record.mirrored and record.answered < asked and self._clock.monotonic_s() < until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            view = await self.read(record.id, SYSTEM)
            record = view.record
        if record.refused and record.answered == asked:
            raise FailedPrecondition(
                "The payment provider refuses this.", details={"reason": "billed_by", "code": record.refused}
            )
        return view

    async def previewed(
        self, subscription_id: str, command: PreviewChange, by: Principal
    ) -> tuple[Subscription, PreviewSeen]:
        """What a change would cost, as the provider says that runs it. Raises Unavailable: it does not answer."""
        view = await self.settled(await self.ask(subscription_id, command, by))
        if view.record.preview is None:
            raise Unavailable("The payment provider does not answer. Try again soon.", retry_after_s=5)
        return view.record, view.record.preview

    async def _means_at(self, provider: str, payer: str, means: Means) -> Means:
        """By what it is paid at the provider that runs it. Raises FailedPrecondition: the method is of another."""
        if means.method and means.provider != provider:
            raise FailedPrecondition("This method is of another provider.", details={"field": "method_id"})
        customer = means.customer or await self._payers.customer(payer, provider)
        return msgspec.structs.replace(means, provider=provider, customer=customer)

    async def _reserved(
        self, wanted: requests.CreateSubscription, plan: PlanView, subscription_id: str, client: str
    ) -> tuple[Discount, ...]:
        """What the codes take off the first bill, for which they are reserved until it should be paid.

        Raises:
            NotFound: there is no such code.
            FailedPrecondition: one is used up, or not for this; or they do not go together.
        """
        now, bill = self._clock.platform_ms(), bill_id_of(subscription_id, 1)
        trial_ms = plan.plan.trial_days * DAY_MS if wanted.trial else 0
        found: list[Discount] = []
        try:
            for code in dict.fromkeys(wanted.codes):
                command = ReserveCoupon(
                    bill=bill,
                    client=client,
                    currency=plan.plan.currency,
                    until=now + trial_ms + DAY_MS,
                    now=to_rfc3339(now),
                    service=plan.id,
                )
                found.append(await self._entities.ask(coupon_of(code), command, by=SYSTEM))
            discount_on(plan.plan.amount * wanted.quantity, found)
        except CarewireError:
            for one in found:
                await self._entities.submit(coupon_of(one.code), ReleaseCoupon(bill), by=SYSTEM)
            raise
        return tuple(found)

    async def _means(self, payer: str, method_id: str | None, by: Principal) -> Means:
        if method_id is None:
            return Means()
        pay = await self._payers.means(payer, self._options, None, method_id, save=False, by=by)
        return Means(provider=pay.provider, method_id=method_id, method=pay.method, customer=pay.customer)

    async def _tax(self, plan: PlanBody) -> Tax:
        rules, jurisdiction = await self._taxes.rules()
        if plan.tax_category is None or not jurisdiction:
            return Tax()
        rule = rule_for(rules, jurisdiction, plan.tax_category, to_rfc3339(self._clock.platform_ms()))
        if rule is None:
            return Tax()
        reason = rule.exempt.reason if rule.exempt else ""
        return Tax(
            jurisdiction=jurisdiction, rate="0" if reason else rule.rate, inclusive=rule.inclusive, reason=reason
        )


def members_of(plan: PlanBody) -> dict[str, Any]:
    """The members of a plan."""
    return {name: getattr(plan, name) for name in PlanBody.__struct_fields__}
