"""Bills beside the connector and the fake of Stripe: calls begin and end when the test says so, and so do webhooks."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.history.codec import StoredActivity
from actors.payments.activities import PaymentSeen, encode
from actors.payments.bill.commands import CancelPayment, Pay, RefundBill, VoidBill
from common.clock import SystemClock
from common.errors import CarewireError
from config.capabilities.payments import PaymentSettings
from serve_app.activities.connector import Call, Refused
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.webhooks.stripe import events, to
from tests.fakes.stripe.account import Account
from tests.fakes.stripe.faults import StripeFault
from tests.fakes.stripe.payer import Others
from tests.unit.payments.beside import beside
from tests.unit.payments.till import ADA, BILL, ROOT, TERMS, Provider, Till
from tests.unit.rooms.harness import run

CARDS: Final = (
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
)


@dataclass
class Flight:
    """A call that was made, and whose answer has not arrived."""

    key: str
    lane: str
    answer: Answered


class StripeTill(Till):
    """`in_lanes`: of a lane the next call begins when the last has ended, as a runner does it."""

    def __init__(self, seed: int = 0, *, in_lanes: bool = True) -> None:
        super().__init__(Provider())
        self.account = Account.opened(seed)
        self.others = Others(self.account)
        self.connector = ProviderConnector(beside(self.account, SystemClock()), PaymentSettings())
        self.in_lanes = in_lanes
        self.flying: list[Flight] = []
        self.unheard: list[dict[str, Any]] = []
        self.account.books.listeners.append(self.unheard.append)
        self.open(10_000, terms=TERMS)

    def begin(self, place: int = 0) -> bool:
        """Make one of the calls that are owed, if its lane is free. Was there one?"""
        free = [one for one in self.owed if not self.in_lanes or all(one.lane != other.lane for other in self.flying)]
        if not free:
            return False
        activity = free[0] if self.in_lanes else free[place % len(free)]
        self.owed.remove(activity)
        self.flying.append(Flight(activity.key, activity.lane, self._called(activity)))
        return True

    def land(self, place: int = 0) -> None:
        """The answer of one arrives."""
        if self.flying:
            flight = self.flying.pop(place % len(self.flying))
            self.do(BILL, flight.answer, SYSTEM)

    def hear(self, place: int = 0, *, again: bool = False) -> None:
        """One of the webhooks that are on their way arrives."""
        if self.unheard:
            place %= len(self.unheard)
            event = self.unheard[place] if again else self.unheard.pop(place)
            self.told(event)

    def told(self, event: Mapping[str, Any]) -> None:
        """As the program takes it: the event names what is to be read."""
        (arrival,) = events(json.dumps(event).encode())
        letter = to(arrival, "")
        if letter is not None and (letter.to == BILL or letter.to.startswith("intent:stripe:pi_")):
            self.webhook("stripe", _payment_of(event))

    def rest_without_polls(self, seed: int, *, crossing: bool = False) -> None:
        """All webhooks arrive, in some order; what is owed is done. `crossing`: as many calls as may be are made before
        the last of them is answered first."""
        random.Random(seed).shuffle(self.unheard)
        while self.unheard or self.owed or self.flying:
            while self.unheard:
                self.hear()
            if crossing:
                while self.begin():
                    pass
                while self.flying:
                    self.land(-1)
            else:
                self.quiet()

    def rest(self, seed: int) -> None:
        """The same; and every payment is read once more, as a poll does."""
        self.rest_without_polls(seed)
        for payment in self.record().payments:
            if payment.ref:
                self.webhook("stripe", payment.ref)
        self.quiet()

    def quiet(self) -> None:
        """Until nothing is owed."""
        while self.owed or self.flying:
            self.begin()
            self.land()

    @override
    def carry_out_all(self, bill: str = BILL) -> None:
        self.quiet()

    def _called(self, activity: StoredActivity) -> Answered:
        mark = activity.key.encode().rjust(64)[-16:]
        call = Call(PartnerKey(mark), activity.payload, "", 1, 0)
        try:
            return Answered(key=activity.key, outcome="done", result=run(self.connector.carry_out(call)))
        except Refused as refusal:
            return Answered(key=activity.key, outcome="refused", code=refusal.code)

    def differences(self) -> list[str]:
        """Where the bill and the account at Stripe do not agree."""
        found, record, books = [], self.record(), self.account.books
        if (ours := self.balance("provider:stripe")) != (theirs := books.balance("eur")):
            found.append(f"balance {ours} {theirs}")
        if sum(one.amount for one in self.postings()):
            found.append("the postings do not sum to zero")
        for payment in record.payments:
            if payment.ref:
                seen = books.objects[payment.ref]
                if (payment.status, payment.captured) != (seen["status"], seen["amount_received"]):
                    found.append(f"{payment.ref} {payment.status} {seen['status']}")
        theirs_back = sum(-one["amount"] for one in books.movements if one["type"] in ("refund", "refund_failure"))
        ours_back = sum(one.amount for one in record.refunds if one.posted)
        if ours_back != theirs_back:
            found.append(f"refunded {ours_back} {theirs_back}")
        disputes = {one["id"]: one["status"] for one in books.all("dispute")}
        if {one.provider_ref: one.status for one in record.disputes} != disputes:
            found.append("disputes")
        return found


def live(till: StripeTill, step: str, value: int) -> None:
    """One thing that happens in the life of a bill. What is refused, or not possible, changes nothing."""
    books = till.account.books
    intent = next(books.all("payment_intent"), {})
    try:
        match step:
            case "pay":
                till.ask(BILL, Pay(provider="stripe", method=("", *CARDS)[value % 6]), ADA)
            case "cancel":
                till.ask(BILL, CancelPayment("pay_1-1"), ADA)
            case "void":
                till.ask(BILL, VoidBill(), ROOT)
            case "refund":
                till.ask(BILL, RefundBill(amount=1 + value * 300), ROOT)
            case "card" if intent:
                till.others.types_card(intent["client_secret"], CARDS[value % len(CARDS)])
            case "proves" if intent.get("status") == "requires_action":
                till.others.proves(intent["id"], well=value % 3 > 0)
            case "by_hand" if intent.get("status") == "succeeded":
                till.others.gives_back(intent["id"], 1 + value * 100)
            case "bank" if (refund := next(books.all("refund", status="pending"), None)) is not None:
                till.others.settles(refund["id"], ("succeeded", "failed")[value % 2])
            case "dispute" if intent.get("status") == "succeeded" and not next(books.all("dispute"), None):
                till.others.disputes(intent["id"])
            case "closes" if (dispute := next(books.all("dispute", status="needs_response"), None)) is not None:
                till.account.returns.close(dispute["id"], ("won", "lost")[value % 2])
            case "begin":
                till.begin(value)
            case "land":
                till.land(value)
            case "hear":
                till.hear(value, again=value % 4 == 0)
            case "lose" if till.unheard:
                till.unheard.pop(value % len(till.unheard))
            case "forget":
                till.passivate(BILL, snapshot=value % 2 == 0)
    except (CarewireError, StripeFault):
        return


STEPS: Final[Sequence[str]] = (
    *("pay", "card", "proves", "begin", "land", "hear") * 3,
    *("begin", "land") * 2,
    *("refund", "by_hand", "bank", "dispute", "closes", "lose", "cancel", "void", "forget"),
)
Life = list[tuple[str, int]]


def lived(life: Life, seed: int = 0, *, in_lanes: bool = True) -> StripeTill:
    """A bill that has lived it, and has come to rest."""
    till = StripeTill(seed, in_lanes=in_lanes)
    for step, value in life:
        live(till, step, value)
    till.rest(seed)
    return till


def a_life(seed: int, length: int = 24) -> Life:
    """One of the seed's."""
    made = random.Random(seed)
    return [(made.choice(STEPS), made.randrange(12)) for _ in range(length)]


def snapshot_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object as the event says it was."""
    found: Mapping[str, Any] = event["data"]["object"]
    return found


def told_as_if_true(till: StripeTill, seen: PaymentSeen) -> None:
    """A reading arrives that nobody asked for, as if it were one that was under way for long."""
    till.do(BILL, Answered(key="pay_1-1|read|99|", outcome="done", result=encode(seen)), SYSTEM)


def _payment_of(event: Mapping[str, Any]) -> str:
    about = snapshot_of(event)
    return str(about["id"] if about["object"] == "payment_intent" else about["payment_intent"])
