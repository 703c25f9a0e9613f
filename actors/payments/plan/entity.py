"""The rules of a plan: administrators write it, everybody reads it."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Effects, Event, Kind, Principal, Recorded
from actors.payments.taxes import Category
from actors.payments.versions import Versions, require_version
from common.errors import AlreadyExists, NotFound, PermissionDenied
from common.lines import Line
from common.money import Amount, Currency
from common.policy import POLICY
from store.ports.views import Index, View

PLANS: Final = "plans"
_pack: Final = msgspec.msgpack.Encoder().encode
FeatureName = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_.-]{0,63}\Z")]


class Feature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a plan includes. Beyond `included`, a `hard` limit refuses and `unit_amount` is billed for each."""

    feature: FeatureName
    included: Annotated[int, Meta(ge=0, le=10**9)]
    limit: Literal["hard", "soft"] | None = None
    unit_amount: Amount | None = None


class DunningStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done so many days after a payment failed first."""

    after_days: Annotated[int, Meta(ge=0, le=365)]
    do: Annotated[list[Literal["retry", "notify", "suspend", "cancel", "write_off"]], Meta(min_length=1, max_length=5)]


DUNNING: Final = (
    DunningStep(after_days=0, do=["notify"]),
    DunningStep(after_days=3, do=["retry"]),
    DunningStep(after_days=7, do=["retry", "suspend"]),
    DunningStep(after_days=14, do=["retry", "cancel"]),
)


class PlanBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A plan, as staff writes it and as it is kept."""

    title: Annotated[Line, Meta(min_length=1, max_length=200)]
    currency: Currency
    amount: Amount
    interval: Literal["day", "week", "month", "year"]
    interval_count: Annotated[int, Meta(ge=1, le=365)] = 1
    trial_days: Annotated[int, Meta(ge=0, le=365)] = 0
    billed_by: Literal["carewire", "stripe"] = "carewire"
    features: Annotated[tuple[Feature, ...], Meta(max_length=100)] = ()
    dunning: Annotated[tuple[DunningStep, ...], Meta(min_length=1, max_length=20)] | None = None
    tax_category: Category | None = None
    active: bool = True


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with its version."""

    id: str
    plan: PlanBody
    version: int


class SetPlan(Command[PlanView], frozen=True, kw_only=True, tag="set"):
    """Make it, or (`new` false) change it."""

    plan: PlanBody
    new: bool
    versions: Versions = msgspec.UNSET


class ReadPlan(Command[PlanView], frozen=True, tag="read"):
    """The plan."""


class PlanSet(Event, frozen=True, kw_only=True, tag="set"):
    """It is so from now on."""

    plan: PlanBody


PlanCommand = SetPlan | ReadPlan


@dataclass(slots=True)
class Plan:
    """State: the plan, once it is made."""

    id: str
    plan: PlanBody | None = None

    def decide(self, command: PlanCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is none.
            AlreadyExists: there is one.
            PermissionDenied: administrators write plans.
            FailedPrecondition: it has changed meanwhile.
        """
        if isinstance(command, ReadPlan):
            if self.plan is None:
                raise NotFound("There is no such plan.", plan=self.id)
            return Decision(PlanView(id=self.id, plan=self.plan, version=version))
        POLICY.require(context.by.role, "plan.change")
        if command.new and self.plan is not None:
            raise AlreadyExists("There is such a plan.")
        if not command.new and self.plan is None:
            raise NotFound("There is no such plan.", plan=self.id)
        require_version(command.versions, version)
        view = PlanView(id=self.id, plan=command.plan, version=version + 1)
        return Decision(view, events=[PlanSet(plan=command.plan)])

    def apply(self, event: PlanSet, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.plan = event.plan


class PlanKind(Kind[Plan, PlanCommand, PlanSet]):
    """`plan:<id>`."""

    name = "plan"
    commands = PlanCommand
    events = PlanSet
    indexes = (Index(PLANS, ("order",)),)

    @override
    def create(self, key: str) -> Plan:
        return Plan(key)

    @override
    def snapshot(self, entity: Plan) -> bytes:
        return _pack(entity.plan)

    @override
    def restore(self, key: str, state: bytes) -> Plan:
        return Plan(key, msgspec.msgpack.decode(state, type=PlanBody | None))

    @override
    def admit(self, entity: Plan, by: Principal) -> None:
        raise PermissionDenied("Plans cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[PlanSet], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[PlanSet], part: None) -> Effects:
        key = entity_id.partition(":")[2]
        view = PlanView(id=key, plan=recorded.event.plan, version=recorded.seq)
        return Effects(
            views=[View(collection=PLANS, id=key, version=recorded.seq, fields={"order": key}, data=_pack(view))]
        )
