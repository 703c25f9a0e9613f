"""A world of payers beside a provider that keeps customers and their methods."""

from typing import Final

from typing_extensions import override

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.codec import StoredActivity, decode_effects
from actors.kernel.shard.residents.resident import TurnDraft
from actors.payments.activities import (
    AttachMethod,
    CustomerSeen,
    Detach,
    EraseCustomer,
    MethodSeen,
    OpenCustomer,
    SetUp,
    decode_ask,
    encode,
)
from actors.payments.payer.commands import AddMethod, RemoveMethod
from actors.payments.payer.kind import PayerKind
from actors.payments.payer.state import PayerRecord
from tests.unit.rooms.harness import World

ADA: Final = "payer:ada"


class Purse(World):
    """Payers, with what they owe to providers in `owed` until it is carried out."""

    def __init__(self) -> None:
        super().__init__(PayerKind())
        self.owed: list[StoredActivity] = []
        self.asked: list[object] = []
        self.customers: dict[str, list[MethodSeen]] = {}

    @override
    def _store(self, draft: TurnDraft) -> None:
        self.owed += decode_effects(draft.close()).activities
        super()._store(draft)

    @property
    def record(self) -> PayerRecord:
        """What `ada` is."""
        record: PayerRecord = self.resident(ADA).entity.record
        return record

    def add(self, token: str, by: Principal | None = None) -> str:
        """The id of the method that a token names."""
        self.ask(ADA, AddMethod(provider="stripe", token=token), by or SYSTEM)
        self.carry_out()
        return self.record.added

    def remove(self, method_id: str) -> None:
        """Forget a method."""
        self.ask(ADA, RemoveMethod(method_id), SYSTEM)
        self.carry_out()

    def carry_out(self) -> None:
        """All that is owed."""
        while self.owed:
            activity = self.owed.pop(0)
            seen = self._answer(activity.payload)
            self.do(ADA, Answered(key=activity.key, outcome="done", result=encode(seen)), SYSTEM)

    def _answer(self, payload: bytes) -> CustomerSeen:
        ask = decode_ask(payload)
        self.asked.append(ask)
        match ask:
            case OpenCustomer():
                self.customers["cus_1"] = []
            case AttachMethod():
                self.customers["cus_1"].append(MethodSeen(ref=ask.token, type="card", brand="visa", last4="4242"))
            case Detach():
                self.customers["cus_1"] = [one for one in self.customers["cus_1"] if one.ref != ask.method]
            case EraseCustomer():
                return CustomerSeen(ref="cus_1", gone=bool(self.customers.pop("cus_1", None)) or True)
            case SetUp():
                return CustomerSeen(ref="cus_1", client={"client_secret": "seti_1_secret"})
        return CustomerSeen(ref="cus_1", methods=tuple(self.customers["cus_1"]))
