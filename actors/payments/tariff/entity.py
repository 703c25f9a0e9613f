"""The rules of a tariff: who writes it, who is in which tier of it, and what it tells."""

from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Library,
    Principal,
    Query,
    Recorded,
)
from actors.payments.tariff.body import TariffBody
from actors.payments.versions import Versions, require_version
from common.errors import InvalidArgument, NotFound, PermissionDenied
from common.money import is_currency
from common.policy import POLICY, Relation
from store.ports.views import View

TIERS: Final = "price_tiers"
"""A document for each client who has a tier, sealed under their key: nobody else can see that there is one."""
_pack: Final = msgspec.msgpack.Encoder().encode


class TariffView(msgspec.Struct, frozen=True, kw_only=True):
    """A tariff, and the tier of the client who was asked for ("": none)."""

    tariff: TariffBody | None
    version: int
    tier: str = ""


class TierOf(Query, frozen=True, kw_only=True):
    """With the tier, to be read from where it is sealed."""

    tariff: TariffBody | None
    client: str


class SetTariff(Command[TariffView], frozen=True, kw_only=True, tag="set"):
    """Another tariff. Bills and bookings that are there keep their prices."""

    tariff: TariffBody
    versions: Versions = msgspec.UNSET


class SetTier(Command[TariffView], frozen=True, kw_only=True, tag="tier"):
    """A client belongs to a tier (the secret); without one, to none."""

    client: str
    secret: bytes | None = None


class ReadTariff(Command[TariffView], frozen=True, kw_only=True, tag="read"):
    """The tariff; with a `client`, the tier that they are in (for Carewire itself)."""

    client: str = ""


class TellSplit(Command[None], frozen=True, kw_only=True, tag="split"):
    """A letter: a session of this bill is mine from now on."""

    bill: str
    therapist: str


class TariffSet(Event, frozen=True, kw_only=True, tag="set"):
    """There is another tariff."""

    tariff: TariffBody


class TierSet(Event, frozen=True, kw_only=True, tag="tier"):
    """A client is in another tier: the secret."""

    client: str


class SplitTold(Event, frozen=True, kw_only=True, tag="split"):
    """A bill is told its split."""

    bill: str
    therapist: str
    platform_percent: str


TariffCommand = SetTariff | SetTier | ReadTariff | TellSplit
TariffEvent = TariffSet | TierSet | SplitTold


@dataclass(slots=True)
class Tariff:
    """State: the tariff, once there is one."""

    id: str
    tariff: TariffBody | None = None

    def decide(self, command: TariffCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is somebody else's.
            NotFound: there is none.
            InvalidArgument: it contradicts itself.
            FailedPrecondition: it has changed meanwhile.
        """
        by = context.by
        match command:
            case ReadTariff():
                return self._read(command, by)
            case SetTariff():
                self._permit(by)
                require_version(command.versions, version)
                if not is_currency(command.tariff.currency):
                    raise InvalidArgument("This is no currency.", details={"field": "currency"})
                if fault := command.tariff.faults():
                    raise InvalidArgument(f"{fault} contradict themselves.", details={"field": fault})
                return Decision(
                    TariffView(tariff=command.tariff, version=version + 1), events=[TariffSet(tariff=command.tariff)]
                )
            case SetTier():
                self._permit(by)
                event = TierSet(client=command.client, author=command.client, secret=command.secret or b"")
                return Decision(TariffView(tariff=self.tariff, version=version + 1), events=[event])
            case TellSplit():
                if not by.is_system:
                    raise PermissionDenied("Only Carewire itself does that.")
                split = self.tariff.split if self.tariff else None
                percent = str(split.platform_percent) if split else "0"
                told = SplitTold(bill=command.bill, therapist=command.therapist, platform_percent=percent)
                return Decision(notes=[told])

    def apply(self, event: TariffEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, TariffSet):
            self.tariff = event.tariff

    def _read(self, command: ReadTariff, by: Principal) -> Decision:
        if self.tariff is None and not by.is_system:
            raise NotFound("There is no pricing for this calendar.", therapist=self.id)
        if command.client and not (by.is_system or by.user in (self.id, command.client)):
            raise PermissionDenied("This is somebody else's.")
        return Decision(TierOf(tariff=self.tariff, client=command.client))

    def _permit(self, by: Principal) -> None:
        if not by.is_system:
            relation = Relation.OWNER if by.user == self.id else Relation.NONE
            POLICY.require(by.role, "pricing.change", {relation})


class TariffKind(Kind[Tariff, TariffCommand, TariffEvent]):
    """`tariff:<therapist>`."""

    name = "tariff"
    commands = TariffCommand
    events = TariffEvent

    @override
    def create(self, key: str) -> Tariff:
        return Tariff(key)

    @override
    def snapshot(self, entity: Tariff) -> bytes:
        return _pack(entity.tariff)

    @override
    def restore(self, key: str, state: bytes) -> Tariff:
        return Tariff(key, msgspec.msgpack.decode(state, type=TariffBody | None))

    @override
    def admit(self, entity: Tariff, by: Principal) -> None:
        raise PermissionDenied("A tariff cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[TariffEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[TariffEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case TierSet():
                view = View(
                    collection=TIERS,
                    id=_tier_id(entity_id, event.client),
                    version=recorded.seq,
                    fields={},
                    data=b"",
                    secret=event.secret,
                )
                return Effects(views=[view], owner=event.client)
            case SplitTold():
                told = {"type": "move", "therapist": event.therapist, "platform_percent": event.platform_percent}
                return Effects(letters=[Letter(f"bill:{event.bill}", _pack(told))])
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, TierOf):
            return await super().read(query, entity_id, version, library)
        tier = ""
        if query.client and version:  # nobody has a tier where nothing was ever set
            id_ = _tier_id(entity_id, query.client)
            view = (await library.view(TIERS, [id_])).get(id_)
            tier = (view.secret or b"").decode() if view is not None else ""
        return TariffView(tariff=query.tariff, version=version, tier=tier)


def _tier_id(entity_id: str, client: str) -> str:
    return f"{entity_id.partition(':')[2]}\n{client}"
