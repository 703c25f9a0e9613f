"""`safetypolicy:house`: the rules by version. Everybody who holds messages reads the document that it writes."""

from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Effects, Event, Kind, Principal, Recorded
from actors.kernel.contract.versions import Versions, require_version
from actors.moderation.house.policy import SHIPPED, SafetyRules, encode
from common.clock import to_rfc3339
from common.errors import PermissionDenied
from common.persons import UserId
from common.policy import POLICY, Relation
from store.ports.views import View

POLICIES: Final = "safety_policies"
HOUSE: Final = "house"
_pack: Final = msgspec.msgpack.Encoder().encode


class ShownPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rules in force. `version` 0: those that are shipped."""

    version: int
    rules: SafetyRules
    set_by: UserId | None = None
    set_at: str | None = None


class GetRules(Command[ShownPolicy], frozen=True, tag="get"):
    """The rules in force."""


class SetRules(Command[ShownPolicy], frozen=True, kw_only=True, tag="set"):
    """These, from now on."""

    rules: SafetyRules
    versions: Versions = msgspec.UNSET


RulesCommand = GetRules | SetRules


class RulesSet(Event, frozen=True, kw_only=True, array_like=True, tag="set"):
    """By `by`."""

    rules: SafetyRules
    by: str


class RulesState(msgspec.Struct, frozen=True, array_like=True):
    """As a snapshot holds it."""

    rules: SafetyRules = SHIPPED
    by: str = ""
    at: int = 0


_state: Final = msgspec.msgpack.Decoder(RulesState).decode


@dataclass(slots=True)
class House:
    """See the module."""

    state: RulesState = field(default_factory=RulesState)

    def decide(self, command: RulesCommand, context: Context, version: int) -> Decision:
        """Raises PermissionDenied: not of a role that may; FailedPrecondition: they have changed meanwhile."""
        if not context.by.is_system and not POLICY.allows(context.by.role, Relation.NONE, "safety.policy"):
            raise PermissionDenied("Only administrators see and set what is held.")
        match command:
            case GetRules():
                return Decision(self._shown(self.state, version))
            case SetRules():
                require_version(command.versions, version)
                event = RulesSet(rules=command.rules, by=context.by.user)
                after = RulesState(command.rules, context.by.user, context.now_ms)
                return Decision(self._shown(after, version + 1), events=[event])
        assert_never(command)

    def apply(self, event: RulesSet, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.state = RulesState(event.rules, event.by, at_ms)

    def _shown(self, state: RulesState, version: int) -> ShownPolicy:
        at = to_rfc3339(state.at) if state.at else None
        return ShownPolicy(version=version, rules=state.rules, set_by=state.by or None, set_at=at)


class HouseKind(Kind[House, RulesCommand, RulesSet]):
    """The rules as the kernel sees them. Nobody listens to them."""

    name = "safetypolicy"
    commands = RulesCommand
    events = RulesSet

    @override
    def create(self, key: str) -> House:
        return House()

    @override
    def snapshot(self, entity: House) -> bytes:
        return _pack(entity.state)

    @override
    def restore(self, key: str, state: bytes) -> House:
        return House(_state(state))

    @override
    def admit(self, entity: House, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to the policy.")

    @override
    def show(self, entity_id: str, recorded: Recorded[RulesSet], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[RulesSet], part: None) -> Effects:
        return Effects(
            views=[
                View(collection=POLICIES, id=HOUSE, version=recorded.seq, fields={}, data=encode(recorded.event.rules))
            ]
        )
