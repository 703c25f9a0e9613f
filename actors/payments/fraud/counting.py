"""What one payer, or one network address, has tried: counted in order, so that of many at once each is counted."""

from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from actors.payments.fraud.scoring import LONGEST_MINUTES, PaymentAttempt, Per, Rule, Sign, Verdict, judge
from actors.payments.marks import mark_of
from common.errors import PermissionDenied

MOST: Final = 500
"""Signs that are kept; rules count no further."""
_KEPT_MS: Final = LONGEST_MINUTES * 60_000
_pack: Final = msgspec.msgpack.Encoder().encode


class Weigh(Command[Verdict], frozen=True, kw_only=True, tag="weigh"):
    """A payment is about to be begun: judge it, and count it."""

    per: Per
    rules: tuple[Rule, ...]
    attempt: PaymentAttempt


class NoteCardAttempt(Command[None], frozen=True, kw_only=True, tag="tried"):
    """A letter of a bill: a card was seen, or declined."""

    card: str = ""
    declined: bool = False


class Counted(Event, frozen=True, kw_only=True, array_like=True, tag="counted"):
    """Something was seen; in an attempt with the verdict."""

    sign: Sign
    action: str = ""
    rule_id: str = ""


RiskCommand = Weigh | NoteCardAttempt


@dataclass(slots=True)
class Risk:
    """State: what was seen lately, the oldest first."""

    signs: tuple[Sign, ...] = ()

    def decide(self, command: RiskCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`. Raises PermissionDenied: it is not Carewire itself that asks."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        now = context.now_ms
        if isinstance(command, NoteCardAttempt):
            seen = Sign(at=now, seen="decline" if command.declined else "card", card=command.card)
            return Decision(events=[Counted(sign=seen)])
        attempt = command.attempt
        verdict = judge(rules=command.rules, per=command.per, attempt=attempt, before=self.signs, now_ms=now)
        sign = Sign(at=now, seen="attempt", card=attempt.card, amount=attempt.amount, currency=attempt.currency)
        return Decision(verdict, events=[Counted(sign=sign, action=verdict.action, rule_id=verdict.rule_id)])

    def apply(self, event: Counted, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        kept = [one for one in self.signs if one.at > event.sign.at - _KEPT_MS]
        self.signs = (*kept, event.sign)[-MOST:]


class RiskKind(Kind[Risk, RiskCommand, Counted]):
    """`risk:payer-<user>`, `risk:address-<mark>`."""

    name = "risk"
    commands = RiskCommand
    events = Counted

    @override
    def create(self, key: str) -> Risk:
        return Risk()

    @override
    def snapshot(self, entity: Risk) -> bytes:
        return _pack(entity.signs)

    @override
    def restore(self, key: str, state: bytes) -> Risk:
        return Risk(msgspec.msgpack.decode(state, type=tuple[Sign, ...]))

    @override
    def admit(self, entity: Risk, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to what is counted.")

    @override
    def show(self, entity_id: str, recorded: Recorded[Counted], part: None) -> None:
        return None


def of_payer(user: str) -> str:
    """The entity that counts what a payer tries: by a mark, for it needs no name."""
    return f"risk:payer-{mark_of(user)}"


def of_address(mark: str) -> str:
    """The entity that counts what comes from a network address, which is known here by a mark alone."""
    return f"risk:address-{mark}"
