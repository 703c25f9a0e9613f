"""The rules that payments are looked at by: staff writes them."""

from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from actors.payments.fraud.scoring import Rule
from actors.payments.versions import Versions, require_version
from common.errors import InvalidArgument, PermissionDenied
from common.policy import POLICY

RULES: Final = "fraud:rules"
_pack: Final = msgspec.msgpack.Encoder().encode


class FraudRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules with their version."""

    rules: tuple[Rule, ...]
    version: int = 0


class SetFraudRules(Command[FraudRules], frozen=True, kw_only=True, tag="set"):
    """Other rules."""

    rules: tuple[Rule, ...]
    versions: Versions = msgspec.UNSET


class ReadFraudRules(Command[FraudRules], frozen=True, tag="read"):
    """The rules."""


class FraudRulesSet(Event, frozen=True, kw_only=True, tag="set"):
    """There are other rules."""

    rules: tuple[Rule, ...]


FraudCommand = SetFraudRules | ReadFraudRules


@dataclass(slots=True)
class FraudTable:
    """State: the rules."""

    rules: tuple[Rule, ...] = ()

    def decide(self, command: FraudCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: not for this person.
            InvalidArgument: two rules have one id.
            FailedPrecondition: it has changed meanwhile.
        """
        if not context.by.is_system:
            POLICY.require(context.by.role, "fraud.change")
        if isinstance(command, ReadFraudRules):
            return Decision(FraudRules(rules=self.rules, version=version))
        require_version(command.versions, version)
        if len({rule.rule_id for rule in command.rules}) != len(command.rules):
            raise InvalidArgument("Two rules have one id.", details={"field": "rules"})
        reply = FraudRules(rules=command.rules, version=version + 1)
        return Decision(reply, events=[FraudRulesSet(rules=command.rules)])

    def apply(self, event: FraudRulesSet, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.rules = event.rules


class FraudKind(Kind[FraudTable, FraudCommand, FraudRulesSet]):
    """`fraud:rules`."""

    name = "fraud"
    commands = FraudCommand
    events = FraudRulesSet

    @override
    def create(self, key: str) -> FraudTable:
        return FraudTable()

    @override
    def snapshot(self, entity: FraudTable) -> bytes:
        return _pack(entity.rules)

    @override
    def restore(self, key: str, state: bytes) -> FraudTable:
        return FraudTable(msgspec.msgpack.decode(state, type=tuple[Rule, ...]))

    @override
    def admit(self, entity: FraudTable, by: Principal) -> None:
        raise PermissionDenied("The rules cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[FraudRulesSet], part: None) -> None:
        return None
