"""Tax by table: the rule of a jurisdiction and a category says the rate, whether prices hold it, and what is exempt.

A bill of several lines is taxed per rate on the sum of its lines, rounded once; each line bears its part of that.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.payments.bill.state import Line
from common.money import Rate, fraction, percent_of, rounded

Jurisdiction = Annotated[str, Meta(pattern=r"\A[A-Z]{2}(?:-[A-Z0-9]{1,3})?\Z")]
Category = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_-]{0,63}\Z")]


class Exemption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing is due: a code (`VATEX-EU-132-1C`) and the reason in words."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Annotated[str, Meta(min_length=1, max_length=256)]


class TaxRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One row of the table. `since` is RFC 3339; "": it always held."""

    jurisdiction: Jurisdiction
    category: Category
    rate: Rate
    inclusive: bool = False
    exempt: Exemption | None = None
    since: str = msgspec.field(name="from", default="")


def rule_for(rules: Sequence[TaxRule], jurisdiction: str, category: str, at: str) -> TaxRule | None:
    """The newest rule that holds at `at` (RFC 3339). None: no tax is due."""
    fitting = [
        rule for rule in rules if (rule.jurisdiction, rule.category) == (jurisdiction, category) and rule.since <= at
    ]
    return max(fitting, key=lambda rule: rule.since, default=None)


def tax_on(amount: int, rate: str, *, inclusive: bool) -> int:
    """The tax on an amount: on top of it, or as a part of it."""
    if not inclusive:
        return percent_of(amount, rate)
    numerator, denominator = fraction(rate)
    return amount - rounded(amount * 100 * denominator, 100 * denominator + numerator)


def taxed(lines: Sequence[Line], rules: Sequence[TaxRule], jurisdiction: str, at: str) -> tuple[Line, ...]:
    """The lines with their taxes. Those of one rate add up to the tax on the sum of them, whatever their signs."""
    sums: dict[tuple[str, bool], int] = {}
    found: list[Line] = []
    for line in lines:
        where = line.jurisdiction or jurisdiction
        rule = rule_for(rules, where, line.tax_category, at) if line.tax_category and where else None
        if rule is None:
            found.append(line)
            continue
        rate = "0" if rule.exempt is not None else rule.rate
        key = (f"{where}|{rate}", rule.inclusive)
        before = sums.get(key, 0)
        after = sums[key] = before + line.amount - line.discount
        part = tax_on(after, rate, inclusive=rule.inclusive) - tax_on(before, rate, inclusive=rule.inclusive)
        found.append(
            msgspec.structs.replace(
                line,
                tax=part,
                tax_rate=rate,
                tax_reason=rule.exempt.reason if rule.exempt else "",
                jurisdiction=where,
                inclusive=rule.inclusive,
            )
        )
    return tuple(found)
