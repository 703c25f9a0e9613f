"""The rules of a code: it is reserved with a bill, used up when that is paid, and free again when it is not."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from typing_extensions import override

from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Principal,
    Recorded,
    SetTimer,
)
from actors.payments.pricing.quote import Code, Discount
from actors.payments.versions import Versions, require_version
from common.decoding import Id
from common.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied
from common.money import Currency, PositiveAmount
from common.policy import POLICY
from store.ports.views import Index, View

COUPONS: Final = "coupons"
_pack: Final = msgspec.msgpack.Encoder().encode
replace = msgspec.structs.replace


class CouponBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A code, as staff writes it. Times are RFC 3339."""

    code: Code
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    amount: PositiveAmount | None = None
    currency: Currency | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    max_uses: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    max_uses_per_client: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    service_ids: Annotated[list[Id], Meta(max_length=100)] | None = None
    therapist_ids: Annotated[list[Id], Meta(max_length=100)] | None = None
    first_booking_only: bool = False
    stackable: bool = False


class Redemption(msgspec.Struct, frozen=True, array_like=True):
    """A bill that has it: reserved until `until` (ms), or (0) for good."""

    client: str
    until: int


class CouponView(msgspec.Struct, frozen=True, kw_only=True):
    """A code, and how often it is used and reserved."""

    coupon: CouponBody
    uses: int
    reserved: int
    version: int


class SetCoupon(Command[CouponView], frozen=True, kw_only=True, tag="set"):
    """Make it, or change it (`new` false)."""

    coupon: CouponBody
    new: bool
    versions: Versions = msgspec.UNSET


class ReadCoupon(Command[CouponView], frozen=True, tag="read"):
    """The code."""


class ReserveCoupon(Command[Discount], frozen=True, kw_only=True, tag="reserve"):
    """A bill wants it, until `until` (ms): it must fit. With `dry` it is only looked at. `first`: it is the client's
    first booking. Idempotent."""

    bill: str
    client: str
    currency: str
    until: int
    now: str
    therapist: str = ""
    service: str = ""
    first: bool = False
    dry: bool = False


class CommitCoupon(Command[None], frozen=True, tag="commit"):
    """A letter: the bill was paid. Idempotent."""

    bill: str


class ReleaseCoupon(Command[None], frozen=True, tag="release"):
    """A letter, or a timer (`due`): the bill will not be paid. Idempotent."""

    bill: str
    due: int = 0


class CouponChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """The code and who has it, afterwards."""

    coupon: CouponBody
    uses: dict[str, Redemption]


CouponCommand = SetCoupon | ReadCoupon | ReserveCoupon | CommitCoupon | ReleaseCoupon


@dataclass(slots=True)
class Coupon:
    """State: the code, once it is made, and the bills that have it."""

    id: str
    coupon: CouponBody | None = None
    uses: dict[str, Redemption] | None = None

    def decide(self, command: CouponCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such code.
            AlreadyExists: there is one already.
            FailedPrecondition: it is used up, or is not for this.
            PermissionDenied: not for this person.
        """
        by, uses = context.by, self.uses or {}
        if isinstance(command, SetCoupon):
            return self._set(command, by, version)
        coupon = self.coupon
        if coupon is None:
            if isinstance(command, CommitCoupon | ReleaseCoupon):
                return Decision()
            raise NotFound("There is no such code.", details={"field": "code"})
        if isinstance(command, ReadCoupon):
            if not by.is_system:
                POLICY.require(by.role, "discount.read")
            return Decision(_view(coupon, uses, version))
        if not by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        match command:
            case ReserveCoupon():
                return self._reserve(command, coupon, uses)
            case CommitCoupon():
                use = uses.get(command.bill)
                if use is None or not use.until:
                    return Decision()
                return Decision(
                    events=[CouponChanged(coupon=coupon, uses={**uses, command.bill: Redemption(use.client, 0)})]
                )
            case ReleaseCoupon():
                use = uses.get(command.bill)
                if use is None or not use.until or (command.due and use.until > context.now_ms):
                    return Decision()
                rest = {bill: one for bill, one in uses.items() if bill != command.bill}
                return Decision(events=[CouponChanged(coupon=coupon, uses=rest)])

    def apply(self, event: CouponChanged, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.coupon, self.uses = event.coupon, event.uses

    def _set(self, command: SetCoupon, by: Principal, version: int) -> Decision:
        POLICY.require(by.role, "discount.change")
        if command.new and self.coupon is not None:
            raise AlreadyExists("There is such a code.", details={"field": "code"})
        if not command.new and self.coupon is None:
            raise NotFound("There is no such code.")
        require_version(command.versions, version)
        uses = self.uses or {}
        event = CouponChanged(coupon=command.coupon, uses=uses)
        return Decision(_view(command.coupon, uses, version + 1), events=[event])

    def _reserve(self, command: ReserveCoupon, coupon: CouponBody, uses: dict[str, Redemption]) -> Decision:
        discount = Discount(
            code=coupon.code, percent=coupon.percent or 0, amount=coupon.amount or 0, stackable=coupon.stackable
        )
        if command.bill in uses:
            return Decision(discount)
        _require_fit(command, coupon)
        mine = sum(use.client == command.client for use in uses.values())
        if (coupon.max_uses is not None and len(uses) >= coupon.max_uses) or (
            coupon.max_uses_per_client is not None and mine >= coupon.max_uses_per_client
        ):
            raise FailedPrecondition("This code is used up.", details={"reason": "discount_used_up"})
        if command.dry:
            return Decision(discount)
        taken = {**uses, command.bill: Redemption(command.client, command.until)}
        timer = SetTimer(
            f"release:{command.bill}:{command.until}",
            command.until,
            msgspec.msgpack.encode(ReleaseCoupon(command.bill, command.until)),
        )
        return Decision(discount, events=[CouponChanged(coupon=coupon, uses=taken)], timers=[timer])


class CouponKind(Kind[Coupon, CouponCommand, CouponChanged]):
    """`coupon:<code>`, in upper case."""

    name = "coupon"
    commands = CouponCommand
    events = CouponChanged
    indexes = (Index(COUPONS, ("order",)),)

    @override
    def create(self, key: str) -> Coupon:
        return Coupon(key)

    @override
    def snapshot(self, entity: Coupon) -> bytes:
        return _pack((entity.coupon, entity.uses))

    @override
    def restore(self, key: str, state: bytes) -> Coupon:
        coupon, uses = msgspec.msgpack.decode(state, type=tuple[CouponBody | None, dict[str, Redemption] | None])
        return Coupon(key, coupon, uses)

    @override
    def admit(self, entity: Coupon, by: Principal) -> None:
        raise PermissionDenied("A code cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[CouponChanged], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[CouponChanged], part: None) -> Effects:
        event, key = recorded.event, entity_id.partition(":")[2]
        view = _view(event.coupon, event.uses, recorded.seq)
        return Effects(
            views=[View(collection=COUPONS, id=key, version=recorded.seq, fields={"order": key}, data=_pack(view))]
        )


def coupon_of(code: str) -> str:
    """The entity of a code; upper and lower case are one."""
    return f"coupon:{code.upper()}"


def _view(coupon: CouponBody, uses: dict[str, Redemption], version: int) -> CouponView:
    done = sum(not use.until for use in uses.values())
    return CouponView(coupon=coupon, uses=done, reserved=len(uses) - done, version=version)


def _require_fit(command: ReserveCoupon, coupon: CouponBody) -> None:
    reason = ""
    if (coupon.starts_at and command.now < coupon.starts_at) or (coupon.ends_at and command.now >= coupon.ends_at):
        reason = "discount_not_now"
    elif coupon.amount is not None and coupon.currency != command.currency:
        reason = "discount_currency"
    elif coupon.service_ids is not None and command.service not in coupon.service_ids:
        reason = "discount_service"
    elif coupon.therapist_ids is not None and command.therapist not in coupon.therapist_ids:
        reason = "discount_therapist"
    elif coupon.first_booking_only and not command.first:
        reason = "discount_first_booking_only"
    if reason:
        raise FailedPrecondition("This code is not for this.", details={"reason": reason, "code": coupon.code})
