"""The calls that the fake knows: method and path, the type of the parameters, and what is done."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.stripe.billing import Billing
from tests.fakes.stripe.books import Books, Object, listed
from tests.fakes.stripe.cards import Cards
from tests.fakes.stripe.connect import Connect
from tests.fakes.stripe.faults import StripeFault, missing
from tests.fakes.stripe.intents import Intents
from tests.fakes.stripe.returns import Returns

Act = Callable[[list[str], Object], Object]


@dataclass(frozen=True)
class Route:
    """`params`: a type of `stripe.params`."""

    method: str
    pattern: re.Pattern[str]
    params: str
    act: Act


@dataclass
class Desk:
    """All that can be asked, by the parts that know the rules."""

    books: Books
    cards: Cards
    intents: Intents
    returns: Returns
    connect: Connect
    billing: Billing

    def find(self, method: str, path: str) -> tuple[Route, list[str]]:
        """Raises StripeFault: there is no such call."""
        for route in self.routes:
            if route.method == method and (found := route.pattern.fullmatch(path)) is not None:
                return route, list(found.groups())
        message = f"Unrecognized request URL ({method}: {path})."
        raise StripeFault(404, {"type": "invalid_request_error", "message": message}, stored=False)

    def __post_init__(self) -> None:
        self.routes = list(self._routes())

    def _routes(self) -> Iterator[Route]:
        intents, returns, connect = self.intents, self.returns, self.connect
        yield _post("payment_intents", "PaymentIntentCreateParams", lambda ids, asked: intents.create(asked))
        yield _get("payment_intents", "PaymentIntentListParams", self._list("payment_intent", "customer"))
        yield _get("payment_intents/:id", "PaymentIntentRetrieveParams", self._get("payment_intent"))
        yield _post("payment_intents/:id", "PaymentIntentUpdateParams", lambda ids, a: intents.update(ids[0], a))
        yield _post("payment_intents/:id/confirm", "PaymentIntentConfirmParams", lambda i, a: intents.confirm(i[0], a))
        yield _post("payment_intents/:id/capture", "PaymentIntentCaptureParams", lambda i, a: intents.capture(i[0], a))
        yield _post("payment_intents/:id/cancel", "PaymentIntentCancelParams", lambda i, a: intents.cancel(i[0], a))
        yield _post("setup_intents", "SetupIntentCreateParams", lambda ids, asked: intents.create_setup(asked))
        yield _get("setup_intents", "SetupIntentListParams", self._list("setup_intent", "customer"))
        yield _get("setup_intents/:id", "SetupIntentRetrieveParams", self._get("setup_intent"))
        yield _post(
            "setup_intents/:id/confirm", "SetupIntentConfirmParams", lambda i, a: intents.confirm_setup(i[0], a)
        )
        yield _post("setup_intents/:id/cancel", "SetupIntentCancelParams", lambda i, a: intents.cancel_setup(i[0]))
        yield _get("charges/:id", "ChargeRetrieveParams", self._get("charge"))
        yield _post("refunds", "RefundCreateParams", lambda ids, asked: returns.refund(asked))
        yield _get("refunds", "RefundListParams", self._list("refund", "payment_intent", "charge"))
        yield _get("refunds/:id", "RefundRetrieveParams", self._get("refund"))
        yield _get("disputes", "DisputeListParams", self._list("dispute", "payment_intent", "charge"))
        yield _get("disputes/:id", "DisputeRetrieveParams", self._get("dispute"))
        yield _post("disputes/:id", "DisputeUpdateParams", lambda ids, asked: returns.update(ids[0], asked))
        yield _post("disputes/:id/close", "DisputeCloseParams", lambda ids, asked: returns.close(ids[0]))
        yield _post("customers", "CustomerCreateParams", lambda ids, asked: self._customer(asked))
        yield _get("customers", "CustomerListParams", self._list("customer"))
        yield _get("customers/:id", "CustomerRetrieveParams", self._get("customer"))
        yield _delete("customers/:id", "CustomerDeleteParams", lambda ids, asked: self._drop(ids[0]))
        yield _get("payment_methods", "PaymentMethodListParams", self._list("payment_method", "customer", "type"))
        yield _get("payment_methods/:id", "PaymentMethodRetrieveParams", self._get("payment_method"))
        yield _post("payment_methods/:id/attach", "PaymentMethodAttachParams", self._attach)
        yield _post("payment_methods/:id/detach", "PaymentMethodDetachParams", lambda i, a: self.cards.detach(i[0]))
        yield _get("balance", "BalanceRetrieveParams", lambda ids, asked: self._balance())
        yield _get("balance_transactions", "BalanceTransactionListParams", self._movements)
        yield _get("balance_transactions/:id", "BalanceTransactionRetrieveParams", self._get("balance_transaction"))
        yield _get("events", "EventListParams", self._events)
        yield _get("events/:id", "EventRetrieveParams", lambda ids, asked: self._event(ids[0]))
        yield _post("accounts", "AccountCreateParams", lambda ids, asked: connect.create(asked))
        yield from self._of_billing()
        yield _get("accounts", "AccountListParams", self._list("account"))
        yield _get("accounts/:id", "AccountRetrieveParams", self._get("account"))
        yield _post("account_links", "AccountLinkCreateParams", lambda ids, asked: connect.link(asked))
        yield _post("transfers", "TransferCreateParams", lambda ids, asked: connect.transfer(asked))
        yield _get("transfers", "TransferListParams", self._list("transfer", "destination"))
        yield _get("transfers/:id", "TransferRetrieveParams", self._get("transfer"))
        yield _post("transfers/:id/reversals", "TransferReversalCreateParams", lambda i, a: connect.reverse(i[0], a))
        yield _get("transfers/:id/reversals", "TransferReversalListParams", self._reversals)

    def _of_billing(self) -> Iterator[Route]:
        billing = self.billing
        yield _post("products", "ProductCreateParams", lambda ids, asked: billing.product(asked))
        yield _post("prices", "PriceCreateParams", lambda ids, asked: billing.price(asked))
        yield _get("prices", "PriceListParams", lambda ids, asked: billing.prices(asked))
        yield _post("subscriptions", "SubscriptionCreateParams", lambda ids, asked: billing.create(asked))
        yield _get("subscriptions", "SubscriptionListParams", self._subscriptions)
        yield _get("subscriptions/:id", "SubscriptionRetrieveParams", self._get("subscription"))
        yield _post("subscriptions/:id", "SubscriptionUpdateParams", lambda i, a: billing.update(i[0], a))
        yield _post("subscriptions/:id/resume", "SubscriptionResumeParams", lambda i, a: billing.resume(i[0]))
        yield _delete("subscriptions/:id", "SubscriptionCancelParams", lambda i, a: billing.cancel(i[0], a))
        yield _get("invoices", "InvoiceListParams", self._list("invoice", "subscription", "customer"))
        yield _get("invoices/:id", "InvoiceRetrieveParams", self._get("invoice"))
        yield _post("invoices/create_preview", "InvoiceCreatePreviewParams", lambda i, a: billing.preview(a))
        yield _post("billing/meter_events", "billing.MeterEventCreateParams", lambda i, a: billing.meter(a))

    def _subscriptions(self, ids: list[str], asked: Object) -> Object:
        wanted = {"customer": asked["customer"]} if "customer" in asked else {}
        return listed(self.books.all("subscription", **wanted), "/v1/subscriptions", asked)

    def _get(self, what: str) -> Act:
        return lambda ids, asked: self.books.get(what, ids[0])

    def _list(self, what: str, *filters: str) -> Act:
        def find(ids: list[str], asked: Object) -> Object:
            equal = {name: asked[name] for name in filters if name in asked}
            return listed(self.books.all(what, **equal), f"/v1/{what}s", asked)

        return find

    def _customer(self, asked: Object) -> Object:
        members: dict[str, Any] = {"address": None, "balance": 0, "currency": None, "description": None, "email": None}
        members |= {"invoice_prefix": None, "name": None, "phone": None, "shipping": None, "metadata": {}}
        made = self.books.add("cus", "customer", **(members | asked))
        self.books.tell("customer.created", made)
        return made

    def _drop(self, id_: str) -> Object:
        gone = self.books.get("customer", id_)
        del self.books.objects[id_]
        for method in list(self.books.all("payment_method", customer=id_)):
            method["customer"] = None
        self.books.tell("customer.deleted", gone)
        return {"id": id_, "object": "customer", "deleted": True}

    def _attach(self, ids: list[str], asked: Object) -> Object:
        return self.cards.attach(ids[0], asked["customer"])

    def _balance(self) -> Object:
        currencies = sorted({one["currency"] for one in self.books.movements})
        pending = [{"amount": self.books.balance(one), "currency": one, "source_types": {}} for one in currencies]
        available = [{"amount": 0, "currency": one, "source_types": {}} for one in currencies]
        return {"object": "balance", "livemode": False, "available": available, "pending": pending}

    def _movements(self, ids: list[str], asked: Object) -> Object:
        wanted = [
            one
            for one in reversed(self.books.movements)
            if all(one[name] == asked[name] for name in ("type", "currency", "source") if name in asked)
        ]
        return listed(wanted, "/v1/balance_transactions", asked)

    def _events(self, ids: list[str], asked: Object) -> Object:
        kinds = asked.get("types")
        wanted = [one for one in reversed(self.books.events) if kinds is None or one["type"] in kinds]
        return listed(wanted, "/v1/events", asked)

    def _event(self, id_: str) -> Object:
        for event in self.books.events:
            if event["id"] == id_:
                return event
        raise missing("event", id_)

    def _reversals(self, ids: list[str], asked: Object) -> Object:
        return listed(self.books.all("transfer_reversal", transfer=ids[0]), "/v1/transfers", asked)


def _route(method: str, path: str, params: str, act: Act) -> Route:
    return Route(method, re.compile("/v1/" + path.replace(":id", "([A-Za-z0-9_]+)")), params, act)


def _get(path: str, params: str, act: Act) -> Route:
    return _route("GET", path, params, act)


def _post(path: str, params: str, act: Act) -> Route:
    return _route("POST", path, params, act)


def _delete(path: str, params: str, act: Act) -> Route:
    return _route("DELETE", path, params, act)
