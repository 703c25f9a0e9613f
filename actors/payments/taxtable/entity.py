"""The table of taxes: staff writes it, prices and bills read it."""

from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from actors.payments.taxes import TaxRule
from actors.payments.versions import Versions, require_version
from common.errors import InvalidArgument, PermissionDenied
from common.policy import POLICY

TABLE: Final = "taxes:rules"
_pack: Final = msgspec.msgpack.Encoder().encode


class TaxRules(msgspec.Struct, frozen=True, kw_only=True):
    """The table with its version."""

    rules: tuple[TaxRule, ...]
    version: int = 0


class SetTaxes(Command[TaxRules], frozen=True, kw_only=True, tag="set"):
    """Another table."""

    rules: tuple[TaxRule, ...]
    versions: Versions = msgspec.UNSET


class ReadTaxes(Command[TaxRules], frozen=True, tag="read"):
    """The table."""


class TaxesSet(Event, frozen=True, kw_only=True, tag="set"):
    """There is another table."""

    rules: tuple[TaxRule, ...]


TaxCommand = SetTaxes | ReadTaxes


@dataclass(slots=True)
class TaxTable:
    """State: the rules."""

    rules: tuple[TaxRule, ...] = ()

    def decide(self, command: TaxCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: not for this person.
            InvalidArgument: two rows are for the same from the same time.
            FailedPrecondition: it has changed meanwhile.
        """
        if isinstance(command, ReadTaxes):
            return Decision(TaxRules(rules=self.rules, version=version))
        if not context.by.is_system:
            POLICY.require(context.by.role, "tax.change")
        require_version(command.versions, version)
        keys = {(rule.jurisdiction, rule.category, rule.since) for rule in command.rules}
        if len(keys) != len(command.rules):
            raise InvalidArgument("Two rules are for the same from the same time.", details={"field": "rules"})
        return Decision(TaxRules(rules=command.rules, version=version + 1), events=[TaxesSet(rules=command.rules)])

    def apply(self, event: TaxesSet, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.rules = event.rules


class TaxTableKind(Kind[TaxTable, TaxCommand, TaxesSet]):
    """`taxes:rules`."""

    name = "taxes"
    commands = TaxCommand
    events = TaxesSet

    @override
    def create(self, key: str) -> TaxTable:
        return TaxTable()

    @override
    def snapshot(self, entity: TaxTable) -> bytes:
        return _pack(entity.rules)

    @override
    def restore(self, key: str, state: bytes) -> TaxTable:
        return TaxTable(msgspec.msgpack.decode(state, type=tuple[TaxRule, ...]))

    @override
    def admit(self, entity: TaxTable, by: Principal) -> None:
        raise PermissionDenied("The table cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[TaxesSet], part: None) -> None:
        return None
