"""Prices: each operation at both doors."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.calendars.calendar.commands import GetCalendar
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.coupon.entity import (
    COUPONS,
    CouponBody,
    CouponView,
    ReadCoupon,
    ReserveCoupon,
    SetCoupon,
    coupon_of,
)
from actors.payments.services.pricing import PriceRequest, Pricing
from actors.payments.tariff.body import TariffBody
from actors.payments.tariff.entity import ReadTariff, SetTariff, SetTier, TariffView
from common.clock import Clock, to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.ids import new_id
from common.money import is_currency
from common.persons import NothingToTell
from common.timeline import MINUTE_MS, parse_instant
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.pricing import examples, requests
from serve_app.capabilities.payments.shared import Options
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Operation, Rest, Result
from store.ports.views import ViewQuery

_GOOD_FOR_MS: Final = 15 * MINUTE_MS
_operation: Final = Declare(resource=("therapist_id",))


class PricingOperations:
    """Of one process."""

    def __init__(
        self, entities: EntityClient, views: ViewFinder, pricing: Pricing, options: Options, clock: Clock
    ) -> None:
        self._entities, self._views, self._pricing = entities, views, pricing
        self._options, self._clock = options, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._tariffs()
        yield from self._codes()

    def _tariffs(self) -> Iterator[Operation[Any]]:
        yield _operation(
            "quote_price",
            "pricing.read",
            request=requests.QuotePrice,
            call=self._quote,
            rest=Rest("POST", "/api/pricing/quote", tag="pricing"),
            response=requests.QuoteReply,
            example=examples.QUOTE_PRICE,
            description="What a session would cost, and why. A booking is billed by the same rules.",
            limit="read",
        )
        yield _operation(
            "get_pricing",
            "pricing.read",
            request=requests.OfPricing,
            call=self._get,
            rest=Rest("GET", "/api/pricing/{therapist_id}", tag="pricing"),
            response=requests.PricingReply,
            example=examples.GET_PRICING,
            description="What the services of a therapist cost.",
            versioned=True,
        )
        yield _operation(
            "set_pricing",
            "pricing.change",
            request=requests.SetPricing,
            call=self._set,
            rest=Rest("PUT", "/api/pricing/{therapist_id}", tag="pricing"),
            response=requests.PricingReply,
            example=examples.SET_PRICING,
            description="Say what one's services cost. What is booked keeps its price.",
            versioned=True,
        )
        yield _operation(
            "set_tier",
            "pricing.change",
            request=requests.SetTierBody,
            call=self._tier,
            rest=Rest("PUT", "/api/pricing/{therapist_id}/tiers/{client_id}", tag="pricing"),
            response=NothingToTell,
            example=examples.SET_TIER,
            description="Put a client into a tier. Nobody but the two sees it.",
        )

    def _codes(self) -> Iterator[Operation[Any]]:
        yield _operation(
            "check_discount",
            "discount.use",
            request=requests.CheckDiscount,
            call=self._check,
            rest=Rest("POST", "/api/discounts/check", tag="pricing"),
            response=requests.CheckedDiscount,
            example=examples.CHECK_DISCOUNT,
            description="What a code is worth, and whether it can be used.",
            limit="read",
        )
        yield _operation(
            "create_discount",
            "discount.change",
            request=requests.CreateDiscount,
            call=self._create,
            rest=Rest("POST", "/api/discounts", 201, tag="pricing"),
            response=requests.DiscountReply,
            example=examples.CREATE_DISCOUNT,
            description="Make a code.",
        )
        yield _operation(
            "list_discounts",
            "discount.read",
            request=requests.ListDiscounts,
            call=self._list,
            rest=Rest("GET", "/api/discounts", tag="pricing"),
            response=requests.DiscountPage,
            example=examples.LIST_DISCOUNTS,
            description="All codes.",
        )
        yield _operation(
            "get_discount",
            "discount.read",
            request=requests.OfDiscount,
            call=self._code,
            rest=Rest("GET", "/api/discounts/{code}", tag="pricing"),
            response=requests.DiscountReply,
            example=examples.GET_DISCOUNT,
            description="A code, and how often it is used and reserved.",
            versioned=True,
        )
        yield _operation(
            "update_discount",
            "discount.change",
            request=requests.UpdateDiscount,
            call=self._update,
            rest=Rest("PATCH", "/api/discounts/{code}", tag="pricing"),
            response=requests.DiscountReply,
            example=examples.UPDATE_DISCOUNT,
            description="Change a code.",
            versioned=True,
        )

    async def _quote(self, request: requests.QuotePrice, caller: Caller) -> requests.QuoteReply:
        client = self._client_of(request.client_id, request.therapist_id, caller.by)
        start, now = parse_instant(request.start), self._clock.platform_ms()
        view = await self._pricing.tariff(request.therapist_id, client)
        wanted = PriceRequest(
            therapist=request.therapist_id,
            service=request.service_id,
            start=start,
            tz=await self._zone_of(request.therapist_id),
            client=client,
            codes=request.codes,
            planned_minutes=request.duration_minutes or 0,
            minutes=request.minutes,
        )
        price = msgspec.to_builtins(await self._pricing.price(wanted, view))
        known = {name: price[name] for name in requests.QuoteReply.__struct_fields__ if name in price}
        made = {**known, "quote_id": new_id("qte", now), "expires_at": to_rfc3339(now + _GOOD_FOR_MS)}
        return msgspec.convert(made, requests.QuoteReply)

    async def _get(self, request: requests.OfPricing, caller: Caller) -> Result:
        own = caller.by.user if caller.by.role == "client" else ""
        command = ReadTariff(client=own)
        view = await self._entities.ask(f"tariff:{request.therapist_id}", command, by=caller.by, trace=caller.trace)
        return _pricing_reply(request.therapist_id, view)

    async def _set(self, request: requests.SetPricing, caller: Caller) -> Result:
        members = {name: getattr(request, name) for name in TariffBody.__struct_fields__}
        versions = caller.versions if request.version is None else (request.version,)
        command = SetTariff(tariff=TariffBody(**members), versions=versions)
        view = await self._entities.ask(f"tariff:{request.therapist_id}", command, by=caller.by, trace=caller.trace)
        return _pricing_reply(request.therapist_id, view)

    async def _tier(self, request: requests.SetTierBody, caller: Caller) -> NothingToTell:
        command = SetTier(client=request.client_id, secret=(request.tier or "").encode())
        await self._entities.ask(f"tariff:{request.therapist_id}", command, by=caller.by, trace=caller.trace)
        return NothingToTell()

    async def _create(self, request: requests.CreateDiscount, caller: Caller) -> Result:
        members = {name: getattr(request, name) for name in CouponBody.__struct_fields__}
        return await self._written(CouponBody(**members), caller, new=True)

    async def _update(self, request: requests.UpdateDiscount, caller: Caller) -> Result:
        old = (await self._entities.ask(coupon_of(request.code), ReadCoupon(), by=SYSTEM)).coupon
        named = {name: getattr(request, name) for name in request.__struct_fields__ if name not in ("code", "version")}
        changed = {name: value for name, value in named.items() if value is not None}
        return await self._written(msgspec.structs.replace(old, **changed), caller, new=False)

    async def _written(self, coupon: CouponBody, caller: Caller, *, new: bool) -> Result:
        if (coupon.percent is None) == (coupon.amount is None):
            raise InvalidArgument("A code takes off a percentage, or an amount.", details={"field": "percent"})
        if coupon.amount is not None and (coupon.currency is None or not is_currency(coupon.currency)):
            raise InvalidArgument("An amount has a currency.", details={"field": "currency"})
        times = {
            name: to_rfc3339(parse_instant(text, name))
            for name in ("starts_at", "ends_at")
            if (text := getattr(coupon, name)) is not None
        }
        coupon = msgspec.structs.replace(coupon, **times)
        command = SetCoupon(coupon=coupon, new=new, versions=caller.versions)
        return _discount(await self._entities.ask(coupon_of(coupon.code), command, by=caller.by, trace=caller.trace))

    async def _code(self, request: requests.OfDiscount, caller: Caller) -> Result:
        return _discount(await self._entities.ask(coupon_of(request.code), ReadCoupon(), by=caller.by))

    async def _list(self, request: requests.ListDiscounts, caller: Caller) -> requests.DiscountPage:
        above = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        query = ViewQuery(collection=COUPONS, equal={}, order_by="order", above=above, limit=request.limit + 1)
        found = await self._views.find(query)
        page = [msgspec.msgpack.decode(view.data, type=CouponView) for view in found[: request.limit]]
        more = encode_cursor(str(found[request.limit - 1].fields["order"])) if len(found) > request.limit else None
        return requests.DiscountPage(items=[_discount_reply(one) for one in page], next_cursor=more)

    async def _check(self, request: requests.CheckDiscount, caller: Caller) -> requests.CheckedDiscount:
        command = ReserveCoupon(
            bill="",
            client=caller.by.user,
            currency=self._options.currency,
            until=0,
            now=to_rfc3339(self._clock.platform_ms()),
            therapist=request.therapist_id or "",
            service=request.service_id or "",
            first=True,
            dry=True,
        )
        try:
            discount = await self._entities.ask(coupon_of(request.code), command, by=SYSTEM)
        except FailedPrecondition as error:
            reason = str((error.details or {}).get("reason", ""))
            return requests.CheckedDiscount(valid=False, code=request.code, reason=reason)
        return requests.CheckedDiscount(
            valid=True, code=discount.code, percent=discount.percent or None, amount=discount.amount or None
        )

    async def _zone_of(self, therapist: str) -> str:
        """The zone of the calendar's wall clock; UTC where there is none."""
        try:
            return (await self._entities.ask(f"calendar:{therapist}", GetCalendar(), by=SYSTEM)).tz
        except NotFound:
            return "UTC"

    def _client_of(self, client: str | None, therapist: str, by: Principal) -> str:
        if client is None or client == by.user:
            return by.user
        if by.role != "admin" and by.user != therapist:
            raise PermissionDenied("Only staff asks for others.")
        return client


def _pricing_reply(therapist: str, view: TariffView) -> Result:
    tariff = view.tariff
    if tariff is None:
        raise NotFound("There is no pricing for this calendar.", therapist=therapist)
    members = {name: getattr(tariff, name) for name in TariffBody.__struct_fields__}
    reply = requests.PricingReply(therapist_id=therapist, version=view.version, tier=view.tier or None, **members)
    return Result(reply, version=view.version)


def _discount(view: CouponView) -> Result:
    return Result(_discount_reply(view), version=view.version)


def _discount_reply(view: CouponView) -> requests.DiscountReply:
    members = {name: getattr(view.coupon, name) for name in CouponBody.__struct_fields__}
    return requests.DiscountReply(uses=view.uses, reserved=view.reserved, version=view.version, **members)
