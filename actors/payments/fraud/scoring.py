"""Rules, what is known, and the verdict with its reason. Pure: the same facts give the same verdict."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from common.decoding import Id

Action = Literal["allow", "challenge", "review", "block"]
Measure = Literal["attempts", "declines", "cards", "amount", "country_mismatch"]
Per = Literal["payer", "address"]
Seen = Literal["attempt", "decline", "card"]
LONGEST_MINUTES: Final = 30 * 24 * 60
DEFAULT_MINUTES: Final = 60
_MINUTE_MS: Final = 60_000
_STRICT: Final[Sequence[Action]] = ("allow", "challenge", "review", "block")


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is counted `per` payer or network address within a time, and what is done when it is more than `above`.

    `attempts`, `declines`: how many; `cards`: how many different ones; `amount`: of this payment, or with
    `window_minutes` of all attempts within them, in minor units of its currency; `country_mismatch`: 1 where the card
    is of another country than the payer says theirs is.
    """

    rule_id: Id
    measure: Measure
    per: Per
    above: Annotated[int, Meta(ge=0, le=10**12)]
    action: Literal["block", "review", "challenge"]
    window_minutes: Annotated[int, Meta(ge=1, le=LONGEST_MINUTES)] | None = None


class Sign(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Something that was seen: an attempt of an amount, a decline, a card (its opaque fingerprint)."""

    at: int
    seen: Seen
    card: str = ""
    amount: int = 0
    currency: str = ""


class PaymentAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is about to be begun. Countries as ISO 3166-1 alpha-2, "" where unknown."""

    amount: int
    currency: str
    card: str = ""
    card_country: str = ""
    payer_country: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is done, by which rule, and why in words for staff."""

    action: Action = "allow"
    rule_id: str = ""
    reason: str = ""


def judge(rules: Iterable[Rule], per: Per, attempt: PaymentAttempt, before: Sequence[Sign], now_ms: int) -> Verdict:
    """The strictest of the rules of one scope that are met; of equal ones the first. `before`: what was seen in that
    scope until now, without this attempt."""
    found = Verdict()
    for rule in rules:
        if rule.per != per:
            continue
        value = measured(rule, attempt, before, now_ms)
        if value > rule.above and _STRICT.index(rule.action) > _STRICT.index(found.action):
            found = Verdict(action=rule.action, rule_id=rule.rule_id, reason=_reason(rule, value, attempt))
    return found


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Of several scopes."""
    return max(verdicts, key=lambda one: _STRICT.index(one.action), default=Verdict())


def measured(rule: Rule, attempt: PaymentAttempt, before: Sequence[Sign], now_ms: int) -> int:
    """What a rule counts, this attempt included."""
    minutes = rule.window_minutes or DEFAULT_MINUTES
    lately = [one for one in before if one.at > now_ms - minutes * _MINUTE_MS]
    match rule.measure:
        case "attempts":
            return sum(one.seen == "attempt" for one in lately) + 1
        case "declines":
            return sum(one.seen == "decline" for one in lately)
        case "cards":
            return len({one.card for one in lately if one.card} | ({attempt.card} if attempt.card else set()))
        case "amount":
            if rule.window_minutes is None:
                return attempt.amount
            same = [one for one in lately if one.seen == "attempt" and one.currency == attempt.currency]
            return sum(one.amount for one in same) + attempt.amount
        case "country_mismatch":
            known = attempt.card_country and attempt.payer_country
            return int(bool(known) and attempt.card_country != attempt.payer_country)


def _reason(rule: Rule, value: int, attempt: PaymentAttempt) -> str:
    whose = "by this payer" if rule.per == "payer" else "from this network address"
    within = f" within {rule.window_minutes or DEFAULT_MINUTES} minutes"
    match rule.measure:
        case "amount":
            time = within if rule.window_minutes else ""
            return f"amount {value} {attempt.currency} {whose}{time}, above {rule.above}"
        case "country_mismatch":
            return "the card is of another country than the payer"
        case _:
            return f"{value} {rule.measure} {whose}{within}, above {rule.above}"
