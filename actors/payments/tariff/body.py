"""A tariff as staff writes it and as it is kept: one Struct for both. Amounts are in minor units. What is left to its
default is None here, so that whoever wrote the tariff reads what they wrote."""

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from actors.payments.taxes import Category, Jurisdiction
from common.decoding import Id
from common.lines import Line
from common.money import Amount, Currency

Percent = Annotated[int, Meta(ge=-100, le=1000)]
Share = Annotated[int, Meta(ge=0, le=100)]
TimeOfDay = Annotated[str, Meta(pattern=r"\A(?:[01]\d|2[0-3]):[0-5]\d\Z")]
EndOfDay = Annotated[str, Meta(pattern=r"\A(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)\Z")]
Day = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d\Z")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Minutes = Annotated[int, Meta(ge=0, le=525_600)]
Label = Annotated[Line, Meta(min_length=1, max_length=100)]
TierName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_ -]{0,63}\Z")]


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of them."""


class TaxOf(_Body, frozen=True, kw_only=True):
    """By which row of the table of taxes services are taxed."""

    jurisdiction: Jurisdiction
    category: Category


class ServicePrice(_Body, frozen=True, kw_only=True):
    """What a service costs: a session, or each minute of one."""

    service_id: Id
    amount: Amount
    covered_by: Annotated[str, Meta(max_length=64)] | None = None
    unit: Literal["session", "minute"] | None = None
    minimum_minutes: Annotated[int, Meta(ge=0, le=1440)] | None = None
    step_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    maximum_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    tiers: dict[TierName, Amount] | None = None


class LeadTime(_Body, frozen=True, kw_only=True):
    """How long before its start a session is booked."""

    min: Minutes | None = None
    max: Minutes | None = None


class When(_Body, frozen=True, kw_only=True):
    """When a rule holds: all that is said must be true. Times and days are those of the calendar's wall clock."""

    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7)] | None = None
    since: TimeOfDay | None = msgspec.field(name="from", default=None)
    until: EndOfDay | None = msgspec.field(name="to", default=None)
    dates: tuple[Day, Day] | None = None
    lead_minutes: LeadTime | None = None
    service_ids: Annotated[list[Id], Meta(min_length=1, max_length=100)] | None = None


class PriceRule(_Body, frozen=True, kw_only=True):
    """Something is added to the price, or taken off it."""

    rule_id: Id
    label: Label
    when: When
    percent: Percent | None = None
    amount: Annotated[int, Meta(ge=-(10**9), le=10**9)] | None = None
    exclusive: bool | None = None


class Cap(_Body, frozen=True, kw_only=True):
    """How far rules may move the price."""

    min_percent: Annotated[int, Meta(ge=0, le=100)]
    max_percent: Annotated[int, Meta(ge=100, le=1000)]


class PaymentTerms(_Body, frozen=True, kw_only=True):
    """When a session is paid."""

    when: Literal["none", "at_booking", "on_completion"] | None = None
    capture: Literal["now", "on_completion"] | None = None
    hold_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    on_failure: Literal["release", "keep"] | None = None
    grace_minutes: Annotated[int, Meta(ge=0, le=10_080)] | None = None


class PaymentTime(NamedTuple):
    """When a session is paid, with what was left to its default."""

    when: Literal["none", "at_booking", "on_completion"] = "none"
    capture: Literal["now", "on_completion"] = "now"
    hold_minutes: int = 15
    on_failure: Literal["release", "keep"] = "release"
    grace_minutes: int = 0
    no_show_percent: int = 100


class CancellationRow(_Body, frozen=True, kw_only=True):
    """So much is returned to who cancels so long before."""

    notice_minutes: Minutes
    refund_percent: Share


class Split(_Body, frozen=True, kw_only=True):
    """What the platform keeps, and after how long the rest is the therapist's."""

    platform_percent: Share
    release_days: Annotated[int, Meta(ge=0, le=365)]


class TariffBody(_Body, frozen=True, kw_only=True):
    """A tariff."""

    currency: Currency
    services: Annotated[list[ServicePrice], Meta(max_length=200)]
    tax: TaxOf | None = None
    rules: Annotated[list[PriceRule], Meta(max_length=200)] | None = None
    cap: Cap | None = None
    payment: PaymentTerms | None = None
    cancellation: Annotated[list[CancellationRow], Meta(max_length=20)] | None = None
    no_show_percent: Share | None = None
    split: Split | None = None

    def service(self, service_id: str) -> ServicePrice | None:
        """The price of a service."""
        return next((one for one in self.services if one.service_id == service_id), None)

    @property
    def agreed(self) -> PaymentTime:
        """When sessions are paid, and what is kept of those to which nobody came."""
        said = msgspec.structs.asdict(self.payment) if self.payment else {}
        said["no_show_percent"] = self.no_show_percent
        return PaymentTime()._replace(**{name: value for name, value in said.items() if value is not None})

    def faults(self) -> str:
        """What cannot be meant; "": nothing."""
        ids = [one.service_id for one in self.services]
        if len(set(ids)) != len(ids):
            return "services"
        rules = self.rules or []
        one_each = all((one.percent is None) != (one.amount is None) for one in rules)
        if len({one.rule_id for one in rules}) != len(rules) or not one_each:
            return "rules"
        for one in self.services:
            if (one.minimum_minutes or 0) > (one.maximum_minutes or 1440):
                return "services"
        for rule in rules:
            when = rule.when
            if when.since is not None and when.until is not None and when.since >= when.until:
                return "rules"
            if when.dates is not None and when.dates[0] > when.dates[1]:
                return "rules"
        return ""
