"""What the fake keeps: objects by id, the balance, and the events that tell of every change."""

import copy
import random
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.stripe.faults import missing

Object = dict[str, Any]
API_VERSION: Final = "2026-10-28.endive"
_WITHOUT_MODE: Final = ("account", "refund", "transfer_reversal")
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass
class Books:
    """`now_s` is the fake's clock. `random` makes ids, so that a seed gives the same run. `listeners` are told of each
    event."""

    now_s: Callable[[], float]
    random: random.Random
    objects: dict[str, Object] = field(default_factory=dict)
    movements: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    listeners: list[Callable[[Object], None]] = field(default_factory=list)
    fee_percent: float = 1.5
    fee_fixed: int = 25
    dispute_fee: int = 1500
    settles_later: bool = False
    """Are fees of charges that are captured automatically known only after `settle`?"""
    _unsettled: list[Object] = field(default_factory=list)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{''.join(self.random.choices(_LETTERS, k=24))}"

    def add(self, prefix: str, what: str, **members: Any) -> Object:
        """A new object, with what all of them have."""
        made: Object = {"id": self.new_id(prefix), "object": what, "created": int(self.now_s()), **members}
        if what not in _WITHOUT_MODE:
            made["livemode"] = False
        self.objects[made["id"]] = made
        return made

    def get(self, what: str, id_: str) -> Object:
        """Raises StripeFault: there is none."""
        found = self.objects.get(id_)
        if found is None or found["object"] != what:
            raise missing(what, id_)
        return found

    def all(self, what: str, **equal: Any) -> Iterator[Object]:
        """The newest first."""
        for one in reversed(list(self.objects.values())):
            if one["object"] == what and all(one.get(name) == value for name, value in equal.items()):
                yield one

    def tell(self, type_: str, about: Object, *, previous: Object | None = None, account: str = "") -> None:
        """Write down that this has happened, with the object as it is now; `account`: within this one."""
        data: Object = {"object": copy.deepcopy(about)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(self.now_s()),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type_,
        }
        if account:
            event["account"] = account
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def move(self, type_: str, source: Object, amount: int, fee: int) -> Object:
        """Money comes (or goes, below 0): a balance transaction."""
        made: Object = {
            "id": self.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": int(self.now_s()) + 2 * 86_400,
            "created": int(self.now_s()),
            "currency": source["currency"],
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [],
            "net": amount - fee,
            "reporting_category": type_ if type_ != "adjustment" else "dispute",
            "source": source["id"],
            "status": "pending",
            "type": type_,
        }
        self.objects[made["id"]] = made
        self.movements.append(made)
        return made

    def charge_fee(self, amount: int) -> int:
        return round(amount * self.fee_percent / 100) + self.fee_fixed

    def take(self, charge: Object, *, later: bool) -> None:
        """The money of a charge reaches the balance: now, or when it is settled."""
        if later and self.settles_later:
            self._unsettled.append(charge)
            return
        amount = charge["amount_captured"]
        charge["balance_transaction"] = self.move("charge", charge, amount, self.charge_fee(amount))["id"]

    def settle(self) -> None:
        """What was left for later is done."""
        waiting, self._unsettled = self._unsettled, []
        for charge in waiting:
            self.take(charge, later=False)
            self.tell("charge.updated", charge, previous={"balance_transaction": None})

    def settle_now(self, charge: Object) -> None:
        """Money that goes back must have come."""
        if charge in self._unsettled:
            self._unsettled.remove(charge)
            self.take(charge, later=False)

    def balance(self, currency: str) -> int:
        return sum(one["net"] for one in self.movements if one["currency"] == currency)


def listed(found: Iterable[Object], url: str, asked: Object) -> Object:
    """A page of a list, the newest first."""
    limit, after, before = asked.get("limit", 10), asked.get("starting_after"), asked.get("ending_before")
    rows = [one for one in found if _within(one["created"], asked.get("created"))]
    if after is not None:
        place = next((place for place, one in enumerate(rows) if one["id"] == after), len(rows) - 1)
        rows = rows[place + 1 :]
    if before is not None:
        place = next((place for place, one in enumerate(rows) if one["id"] == before), 0)
        rows = rows[max(0, place - limit) : place]
    return {"object": "list", "url": url, "has_more": len(rows) > limit, "data": rows[:limit]}


def _within(created: int, bounds: Any) -> bool:
    if bounds is None:
        return True
    if isinstance(bounds, int):
        return created == bounds
    tests: dict[str, Callable[[int], bool]] = {
        "gt": lambda limit: created > limit,
        "gte": lambda limit: created >= limit,
        "lt": lambda limit: created < limit,
        "lte": lambda limit: created <= limit,
    }
    return all(tests[name](limit) for name, limit in bounds.items())
