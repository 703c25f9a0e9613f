"""An account at Stripe: requests in, answers out, without a network. `server.StripeServer` puts it on the wire."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.mishaps import Mishaps
from tests.fakes.stripe import faults
from tests.fakes.stripe.billing import Billing
from tests.fakes.stripe.books import API_VERSION, Books, Object
from tests.fakes.stripe.cards import Cards
from tests.fakes.stripe.connect import Connect
from tests.fakes.stripe.faults import StripeFault
from tests.fakes.stripe.forms import expanded, parse
from tests.fakes.stripe.intents import Intents
from tests.fakes.stripe.returns import Returns
from tests.fakes.stripe.routes import Desk
from tests.fakes.stripe.shapes import check
from tests.fakes.wire import Answered, Asked

SECRET_KEY: Final = "sk_test_carewire"
PUBLISHABLE_KEY: Final = "pk_test_carewire"
_LONGEST_KEY: Final = 255
_REPLAYED: Final = {"Idempotent-Replayed": "true"}
TRUSTED: Final = {"Authorization": f"Bearer {SECRET_KEY}", "Stripe-Version": API_VERSION}
"""The headers of a request with the right key."""


@dataclass
class Account:
    """`seen` are all requests, `done` the keys and texts of those that were carried out, in their order."""

    books: Books
    mishaps: Mishaps
    intents: Intents
    returns: Returns
    cards: Cards
    connect: Connect
    billing: Billing
    desk: Desk
    keys: dict[str, tuple[str, Answered]] = field(default_factory=dict)
    seen: list[Asked] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def opened(cls, seed: int = 0, now_s: Callable[[], float] = time.time) -> "Account":
        """An account without anything in it."""
        books = Books(now_s, random.Random(seed))
        cards = Cards(books, {})
        intents, returns, connect = Intents(books, cards), Returns(books, cards), Connect(books)
        billing = Billing(books, intents)
        desk = Desk(books, cards, intents, returns, connect, billing)
        return cls(books, Mishaps(random.Random(seed + 1)), intents, returns, cards, connect, billing, desk)

    def answer(self, asked: Asked, *, breaks: bool = False, done: bool = True) -> Answered:
        """What Stripe does with a request. `breaks`: it ends in a 500; `done`: though it was carried out."""
        self.seen.append(asked)
        try:
            self._admit(asked)
            if asked.method == "GET":
                return Answered(200, self._carry_out(asked))
            return self._under_key(asked, breaks=breaks, done=done)
        except StripeFault as fault:
            return Answered(fault.status, fault.body())

    def forget_keys(self) -> None:
        """A day or more has gone by."""
        self.keys.clear()

    def dispute_what_asks_for_it(self) -> None:
        """Payers whose cards are known for it dispute what they have paid."""
        for charge in list(self.books.all("charge", captured=True, disputed=False)):
            if self.cards.bank(charge["payment_method"]).disputes:
                self.returns.dispute(charge["id"])

    def _admit(self, asked: Asked) -> None:
        if asked.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            raise faults.unauthenticated()
        if (version := asked.headers.get("Stripe-Version")) != API_VERSION:
            raise faults.refused("api_version", f"Not the pinned version: {version}")
        if asked.method == "POST" and not 0 < len(asked.key) <= _LONGEST_KEY:
            raise faults.refused("idempotency_key_missing", "Every POST of Carewire has a key.")

    def _under_key(self, asked: Asked, *, breaks: bool, done: bool) -> Answered:
        said = f"{asked.method} {asked.path} {asked.text}"
        if (kept := self.keys.get(asked.key)) is not None:
            if kept[0] != said:
                raise faults.key_reused()
            return Answered(kept[1].status, kept[1].body, _REPLAYED)
        try:
            answer = self._stored(asked, breaks=breaks, done=done)
        except StripeFault as fault:
            answer = Answered(fault.status, fault.body())
            if not fault.stored:
                return answer
        if not self.mishaps.forgotten():
            self.keys[asked.key] = said, answer
        return answer

    def _stored(self, asked: Asked, *, breaks: bool, done: bool) -> Answered:
        if breaks and not done:
            raise faults.broken()
        body = self._carry_out(asked)
        self.done.append((asked.key, f"{asked.path} {asked.text}"))
        if breaks:
            raise faults.broken()
        return Answered(200, body)

    def _carry_out(self, asked: Asked) -> Object:
        if (within := asked.headers.get("Stripe-Account", "")) and asked.path == "/v1/balance":
            return self.connect.balance(within)
        route, ids = self.desk.find(asked.method, asked.path)
        given = _parsed(asked.text)
        if "payment_method_types" in given:
            message = "payment_method_types is no longer supported."
            raise faults.bad_request("payment_method_types_no_longer_supported", "payment_method_types", message)
        members: dict[str, Any] = check(route.params, given)
        paths = members.pop("expand", [])
        return expanded(self.books, route.act(ids, members), paths)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return parse(text)
    except ValueError as error:
        raise faults.bad_request("parameter_invalid", str(error), "This is no form.") from None
