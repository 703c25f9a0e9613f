"""A world of one payee beside a Stripe that keeps accounts, and a ledger that is kept by hand beside both: every euro
that was earned, and every transfer that Stripe made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.codec import StoredActivity, decode_effects
from actors.kernel.shard.residents.resident import TurnDraft
from actors.payments.ledger import POSTINGS, PostedRow
from actors.payments.payee.commands import AccountHeard, Earn, OpenPayoutAccount, PayeeView, PayOut, PayoutsDue
from actors.payments.payee.kind import PayeeKind
from actors.payments.payee.state import PayeeRecord
from common.clock import SystemClock
from config.capabilities.payments import PaymentSettings
from serve_app.activities.connector import Call, Refused
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.webhooks.stripe import events, to
from tests.fakes.stripe.account import Account
from tests.unit.payments.beside import beside
from tests.unit.rooms.harness import World, run

TESS: Final = "payee:tess"
ROOT: Final = Principal("root", "admin")
OWNER: Final = Principal("tess", "therapist")
DAY: Final = 86_400_000
FUNDS: Final = 10_000_000


@dataclass
class Flight:
    """A call that was made, and whose answer has not arrived. `died`: nor will it: the runner asks again."""

    activity: StoredActivity
    answer: Answered


class Paymaster(World):
    """`owed`: what Stripe is to be asked; of the lane one at a time. `earned`: the naive ledger, all that ever was."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(PayeeKind())
        self.account = Account.opened(seed)
        self.connector = ProviderConnector(beside(self.account, SystemClock()), PaymentSettings())
        self.owed: list[StoredActivity] = []
        self.flying: list[Flight] = []
        self.timers: list[tuple[int, bytes]] = []
        self.unheard: list[Mapping[str, Any]] = []
        self.unknown: list[Mapping[str, Any]] = []  # whose an object is was not known yet: it is told again
        self.earned, self.bills = 0, 0
        self.account.books.move("charge", {"id": "ch_funds", "currency": "eur"}, FUNDS, 0)
        self.account.books.listeners.append(self.unheard.append)

    @override
    def _store(self, draft: TurnDraft) -> None:
        effects = decode_effects(draft.close())
        self.owed += effects.activities
        self.timers += [(one.due_ms, one.command) for one in effects.timers]
        super()._store(draft)

    @property
    def record(self) -> PayeeRecord:
        """What is known of the payee."""
        record: PayeeRecord = self.resident(TESS).entity.record
        return record

    def enabled(self) -> None:
        """The account is open, and its owner has completed it."""
        self.ask(TESS, OpenPayoutAccount(provider="stripe", return_url="https://care.test/"), OWNER)
        self.quiet()
        assert self.record.account is not None
        self.account.connect.complete(self.record.account.ref)
        self.hear_all()

    def earn(self, share: int, *, bill: str = "", after: int = 0) -> None:
        """A share is earned (or goes back), due at once or later."""
        self.earned += share
        self.bills += 1
        name, gross = bill or f"bil_{self.bills}", share * 5 // 4
        release = self.now_ms + after
        command = Earn(bill=name, gross=gross, share=share, fee=gross - share, currency="EUR", release=release)
        self.do(TESS, command, SYSTEM)

    def run_payouts(self) -> PayeeView:
        """Staff pays what is due."""
        return msgspec.convert(self.ask(TESS, PayOut(named=True), ROOT), PayeeView)

    def next_day(self) -> None:
        """The timers of a day that has come are carried out."""
        self.now_ms += DAY
        ready = [one for one in self.timers if one[0] <= self.now_ms]
        self.timers = [one for one in self.timers if one[0] > self.now_ms]
        for _, command in ready:
            self.do(TESS, msgspec.msgpack.decode(command, type=PayoutsDue), SYSTEM)

    def begin(self) -> None:
        """The first call of the lane is made, unless one is under way."""
        if self.owed and not self.flying:
            activity = self.owed[0]
            self.flying.append(Flight(activity, self._called(activity)))

    def land(self) -> None:
        """Its answer arrives."""
        if self.flying:
            flight = self.flying.pop()
            self.owed.remove(flight.activity)
            self.do(TESS, flight.answer, SYSTEM)
            self.unheard += self.unknown
            self.unknown.clear()

    def die(self, *, forgets: bool = False) -> None:
        """The runner dies with the answer in its hand; another will ask again. `forgets`: so late that Stripe knows no
        keys any more."""
        self.flying.clear()
        if forgets:
            self.account.forget_keys()

    def drop(self) -> None:
        """An operator gives the call up, whose answer nobody has."""
        if self.owed:
            self.flying.clear()
            activity = self.owed.pop(0)
            self.do(TESS, Answered(key=activity.key, outcome="dropped"), SYSTEM)

    def hear(self, place: int = 0, *, again: bool = False) -> None:
        """One of the webhooks that are on their way arrives."""
        if self.unheard:
            place %= len(self.unheard)
            self._told(self.unheard[place] if again else self.unheard.pop(place))

    def hear_all(self) -> None:
        """All of them; and what follows is done."""
        while self.unheard:
            self.hear()
        self.quiet()

    def quiet(self) -> None:
        """Until nothing is owed."""
        while self.owed or self.flying:
            self.begin()
            self.land()

    def rest(self) -> None:
        """All is heard, nothing is owed; what was never answered was looked for on the day after."""
        for _ in range(3):
            self.hear_all()
            self.next_day()
        self.hear_all()

    def postings(self) -> dict[str, int]:
        """All accounts of the ledger."""
        found: dict[str, int] = {}
        for view in self.views(POSTINGS):
            row = msgspec.msgpack.decode(view.data, type=PostedRow)
            found[row.account] = found.get(row.account, 0) + row.amount
        return found

    def paid_at_stripe(self) -> int:
        """What Stripe has transferred, and did not take back."""
        return sum(one["amount"] - one["amount_reversed"] for one in self.account.books.all("transfer"))

    def transfers(self) -> int:
        """How many there were."""
        return len(list(self.account.books.all("transfer")))

    def differences(self) -> list[str]:
        """Where payee, ledger, Stripe and the naive ledger do not agree."""
        record, books, found = self.record, self.postings(), []
        owed = sum(one.share for one in record.items)
        under_way = sum(one.amount for one in record.payouts if one.status == "pending")
        paid = self.paid_at_stripe()
        if self.earned != owed + under_way + paid:
            found.append(f"earned {self.earned}, owed {owed}, under way {under_way}, paid {paid}")
        if books.get("payable:tess", 0) != paid:
            found.append(f"posted {books.get('payable:tess', 0)}, paid {paid}")
        if FUNDS + books.get("provider:stripe", 0) != self.account.books.balance("eur"):
            found.append("the books are not Stripe's")
        if self.transfers() != sum(bool(one.ref) for one in record.payouts):
            found.append(f"{self.transfers()} transfers for {len(record.payouts)} payouts")
        return found

    def _told(self, event: Mapping[str, Any]) -> None:
        (arrival,) = events(json.dumps(event).encode())
        letter = to(arrival, "")
        if letter is None or self.record.account is None:
            return
        told = msgspec.msgpack.decode(letter.command)
        known = {f"intent:stripe:{one.ref}" for one in self.record.payouts}
        if letter.to in known | {f"intent:stripe:{self.record.account.ref}"}:
            self.do(TESS, AccountHeard(provider="stripe", ref=told["ref"]), SYSTEM)
        else:
            self.unknown.append(event)

    def _called(self, activity: StoredActivity) -> Answered:
        """As a runner does it: what may have been done is looked for where the keys may be forgotten."""
        call = Call(PartnerKey(activity.key.encode().rjust(64)[-16:]), activity.payload, "", 1, 0)
        try:
            found = run(self.connector.find(call)) if not self.account.keys else None
            result = run(self.connector.carry_out(call)) if found is None else found
            return Answered(key=activity.key, outcome="done", result=result)
        except Refused as refusal:
            return Answered(key=activity.key, outcome="refused", code=refusal.code)
