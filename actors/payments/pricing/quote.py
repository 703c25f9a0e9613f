"""What a session costs and why: base, rules, cap, codes, tax. Pure and exact: each step is rounded once."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from actors.payments.bill.by_time import ByTime, counted_minutes
from actors.payments.tariff.body import PriceRule, ServicePrice, TariffBody
from actors.payments.taxes import TaxRule, rule_for, tax_on
from common.errors import FailedPrecondition
from common.money import LARGEST, apportion, decimal, percent_of

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Code = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The start as the calendar's wall shows it, and how long before it one books (minutes)."""

    day: str
    time: str
    lead_minutes: int

    @property
    def weekday(self) -> str:
        """`mon` ..."""
        return _WEEKDAYS[date.fromisoformat(self.day).weekday()]


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """What a code takes off."""

    code: str
    percent: int = 0
    amount: int = 0
    stackable: bool = False


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a rule, or the cap, changes."""

    label: str
    amount: int
    rule_id: str | None = None


class CodeShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one code takes off."""

    code: str
    amount: int


class PriceBreakdown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A price with all its steps."""

    currency: str
    base: int
    adjustments: list[Adjustment]
    adjusted: int
    discounts: list[CodeShare]
    discount: int
    net: int
    tax: int
    tax_rate: str
    total: int
    explanation: list[str]
    tax_reason: str | None = None
    tax_category: str | None = None
    jurisdiction: str | None = None
    inclusive: bool = False
    quantity: int = 1
    unit_amount: int = 0


def priced(
    tariff: TariffBody,
    service: ServicePrice,
    moment: Moment,
    *,
    tier: str = "",
    minutes: int = 0,
    discounts: Sequence[Discount] = (),
    taxes: Sequence[TaxRule] = (),
    at: str = "",
) -> PriceBreakdown:
    """What it costs. `minutes`: those that count, of a service that costs by the minute; `at` (RFC 3339) picks the tax.

    Raises:
        FailedPrecondition: codes that do not go together, or a price beyond what can be billed.
    """
    told: list[str] = []
    base, quantity, unit = _base(service=service, tier=tier, minutes=minutes, told=told, currency=tariff.currency)
    adjustments, adjusted = _adjusted(tariff=tariff, service=service, moment=moment, base=base, told=told)
    codes, discount = _discounted(discounts, adjusted, tariff.currency, told)
    left = adjusted - discount
    rule = rule_for(taxes, tariff.tax.jurisdiction, tariff.tax.category, at) if tariff.tax else None
    exempt = rule.exempt if rule is not None else None
    rate = rule.rate if rule is not None and exempt is None else "0"
    inclusive = rule is not None and rule.inclusive
    tax = tax_on(left, rate, inclusive=inclusive)
    net, total = (left - tax, left) if inclusive else (left, left + tax)
    if exempt is not None:
        told.append(f"No tax: {exempt.reason}")
    elif tax:
        told.append(f"{rate} % tax {'included' if inclusive else 'added'}: {_money(tax, tariff.currency)}")
    told.append(f"Total {_money(total, tariff.currency)}")
    return PriceBreakdown(
        currency=tariff.currency,
        base=base,
        adjustments=adjustments,
        adjusted=adjusted,
        discounts=codes,
        discount=discount,
        net=net,
        tax=tax,
        tax_rate=rate,
        total=total,
        explanation=told,
        tax_reason=exempt.reason if exempt else None,
        tax_category=tariff.tax.category if tariff.tax else None,
        jurisdiction=tariff.tax.jurisdiction if tariff.tax else None,
        inclusive=inclusive,
        quantity=quantity,
        unit_amount=unit,
    )


def billed_minutes(service: ServicePrice, overlap_s: int) -> int:
    """The minutes that count of a time in which both sides were there: rounded up to the step, at least the minimum, at
    most the maximum. Where nobody was there nothing counts."""
    most = service.maximum_minutes or 0
    return counted_minutes(overlap_s, service.minimum_minutes or 0, service.step_minutes or 1, most)


def by_time(
    tariff: TariffBody,
    service: ServicePrice,
    moment: Moment,
    *,
    tier: str = "",
    discounts: Sequence[Discount] = (),
    taxes: Sequence[TaxRule] = (),
    at: str = "",
) -> ByTime:
    """By what a service that costs by the minute is priced once its minutes are known: as `priced` would."""
    fitting = _fitting(tariff, service, moment)
    rule = rule_for(taxes, tariff.tax.jurisdiction, tariff.tax.category, at) if tariff.tax else None
    exempt = rule.exempt if rule is not None else None
    return ByTime(
        unit_amount=(service.tiers or {}).get(tier, service.amount),
        minimum=service.minimum_minutes or 0,
        step=service.step_minutes or 1,
        maximum=service.maximum_minutes or 0,
        percent=sum(one.percent or 0 for one in fitting),
        amount=sum(one.amount or 0 for one in fitting),
        low=tariff.cap.min_percent if tariff.cap else None,
        high=tariff.cap.max_percent if tariff.cap else None,
        off_percent=sum(one.percent for one in discounts),
        off=sum(one.amount for one in discounts),
        tax_rate=rule.rate if rule is not None and exempt is None else "0",
        tax_reason=exempt.reason if exempt else "",
        tax_category=tariff.tax.category if tariff.tax else "",
        jurisdiction=tariff.tax.jurisdiction if tariff.tax else "",
        inclusive=rule is not None and rule.inclusive,
    )


def discount_on(amount: int, discounts: Sequence[Discount]) -> int:
    """What codes take off an amount together. Raises FailedPrecondition: they do not go together."""
    if len(discounts) > 1 and not all(one.stackable for one in discounts):
        raise FailedPrecondition("These codes do not go together.", details={"reason": "not_stackable"})
    wanted = percent_of(amount, sum(one.percent for one in discounts)) + sum(one.amount for one in discounts)
    return min(amount, wanted)


def matches(rule: PriceRule, service_id: str, moment: Moment) -> bool:
    """Is all true that the rule says of when it holds?"""
    when = rule.when
    if when.service_ids is not None and service_id not in when.service_ids:
        return False
    if when.weekdays is not None and moment.weekday not in when.weekdays:
        return False
    if when.dates is not None and not when.dates[0] <= moment.day <= when.dates[1]:
        return False
    if not (when.since or "00:00") <= moment.time < (when.until or "24:00"):
        return False
    lead = when.lead_minutes
    if lead is None:
        return True
    return (lead.min is None or moment.lead_minutes >= lead.min) and (
        lead.max is None or moment.lead_minutes <= lead.max
    )


def _base(service: ServicePrice, tier: str, minutes: int, told: list[str], currency: str) -> tuple[int, int, int]:
    unit = (service.tiers or {}).get(tier, service.amount)
    quantity = max(1, minutes) if service.unit == "minute" else 1
    base = unit * (minutes if service.unit == "minute" else 1)
    if base > LARGEST:
        raise FailedPrecondition("The price is beyond what can be billed.", details={"reason": "too_much"})
    if service.unit == "minute":
        told.append(f"{minutes} min at {_money(unit, currency)}: {_money(base, currency)}")
    else:
        told.append(f"Price {_money(base, currency)}")
    return base, quantity, unit


def _adjusted(
    tariff: TariffBody, service: ServicePrice, moment: Moment, base: int, told: list[str]
) -> tuple[list[Adjustment], int]:
    """All matching rules together, or the first exclusive one alone; then the cap. What is listed adds up."""
    fitting = _fitting(tariff, service, moment)
    percent = [rule for rule in fitting if rule.percent is not None]
    parts = _parts(base, [rule.percent or 0 for rule in percent])
    found = [
        Adjustment(rule_id=rule.rule_id, label=rule.label, amount=part)
        for rule, part in zip(percent, parts, strict=True)
    ]
    found += [
        Adjustment(rule_id=rule.rule_id, label=rule.label, amount=rule.amount)
        for rule in fitting
        if rule.amount is not None
    ]
    wanted = base + sum(one.amount for one in found)
    low = percent_of(base, tariff.cap.min_percent) if tariff.cap else 0
    high = percent_of(base, tariff.cap.max_percent) if tariff.cap else max(wanted, 0)
    adjusted = max(0, min(max(wanted, low), high))
    if adjusted != wanted:
        found.append(Adjustment(label="Limit of changes", amount=adjusted - wanted))
    told += [f"{one.label}: {_money(one.amount, tariff.currency, signed=True)}" for one in found]
    return found, adjusted


def _fitting(tariff: TariffBody, service: ServicePrice, moment: Moment) -> list[PriceRule]:
    fitting = [rule for rule in tariff.rules or () if matches(rule, service.service_id, moment)]
    exclusive = [rule for rule in fitting if rule.exclusive]
    return exclusive[:1] or fitting


def _parts(base: int, percents: list[int]) -> list[int]:
    """What each percentage changes, so that they add up to what all of them change together: by running sums, each
    rounded once."""
    parts: list[int] = []
    before = running = 0
    for percent in percents:
        running += percent
        after = percent_of(base, running)
        parts.append(after - before)
        before = after
    return parts


def _discounted(
    discounts: Sequence[Discount], adjusted: int, currency: str, told: list[str]
) -> tuple[list[CodeShare], int]:
    discount = discount_on(adjusted, discounts)
    weights = [percent_of(adjusted, one.percent) + one.amount for one in discounts]
    parts = apportion(discount, weights) if any(weights) else [0] * len(weights)
    shares = [CodeShare(code=one.code, amount=part) for one, part in zip(discounts, parts, strict=True)]
    told += [f"Code {one.code}: {_money(-one.amount, currency, signed=True)}" for one in shares]
    return shares, discount


def _money(amount: int, currency: str, *, signed: bool = False) -> str:
    text = f"{decimal(amount, currency)} {currency}"
    return f"+{text}" if signed and amount > 0 else text
