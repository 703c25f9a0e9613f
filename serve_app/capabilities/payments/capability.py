"""Payments, pricing and billing, for the list of capabilities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from pymongo import IndexModel

from actors.payments.bill.rules.far import backed_by
from actors.payments.services.pricing import Pricing
from config.capabilities.payments import PaymentSettings
from config.settings import Settings
from serve_app.capabilities.calendars.capability import calendars_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.operations.capability import jobs_of, repeats_of
from serve_app.capabilities.payments.bills.operations import BillOperations
from serve_app.capabilities.payments.bills.paying import PaymentOperations
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.bills.sessions import SessionBilling
from serve_app.capabilities.payments.bills.superbill import Superbills, superbill_routes
from serve_app.capabilities.payments.cards import guarded
from serve_app.capabilities.payments.connectors import CONNECTORS
from serve_app.capabilities.payments.disputes.operations import DisputeOperations
from serve_app.capabilities.payments.figures import PaymentFigures
from serve_app.capabilities.payments.fraud.operations import FraudOperations
from serve_app.capabilities.payments.fraud.screen import Screen
from serve_app.capabilities.payments.health import PaymentHealth
from serve_app.capabilities.payments.invoices.operations import InvoiceOperations, invoice_routes
from serve_app.capabilities.payments.invoices.service import Invoices
from serve_app.capabilities.payments.ledger.books import Attempts, Books
from serve_app.capabilities.payments.ledger.operations import LedgerOperations
from serve_app.capabilities.payments.ledger.reconciliations import ReconciliationOperations
from serve_app.capabilities.payments.ledger.reconciling import INDEXES
from serve_app.capabilities.payments.ledger.recurring import Movements
from serve_app.capabilities.payments.ledger.taxes import Taxes
from serve_app.capabilities.payments.payers.operations import PayerOperations
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.payouts.operations import PayoutOperations, payout_routes
from serve_app.capabilities.payments.payouts.service import Payouts
from serve_app.capabilities.payments.personal import PersonalPayments
from serve_app.capabilities.payments.pricing.operations import PricingOperations
from serve_app.capabilities.payments.server_events import PAYMENT_EVENTS
from serve_app.capabilities.payments.shared import Options
from serve_app.capabilities.payments.subscriptions.operations import SubscriptionOperations
from serve_app.capabilities.payments.subscriptions.plans import PlanOperations
from serve_app.capabilities.payments.subscriptions.service import Subscriptions
from serve_app.capabilities.payments.subscriptions.usage import UsageOperations
from serve_app.capabilities.payments.webhooks import partners
from serve_app.edge.operation import Operation
from serve_app.processes.health import HealthPart


def options_of(settings: PaymentSettings) -> Options:
    """What the settings say that clients may choose of."""
    public = {"stripe": {"publishable_key": settings.stripe.publishable_key}}
    if settings.razorpay.key_id is not None:
        public["razorpay"] = {"key_id": settings.razorpay.key_id}
    return Options(
        providers=settings.enabled,
        default_provider=settings.enabled[0],
        currency=settings.currency,
        public=public,
    )


class Services:
    """What one process needs for payments."""

    def __init__(self, context: ServerContext) -> None:
        region, views, clock = context.region, context.stores.views, context.clock
        self.options = options_of(context.settings.payments)
        self.payers = Payers(region, clock)
        self.taxes = Taxes(region)
        screen = Screen(region, self.payers, context.root)
        self.bills = Bills(
            entities=region,
            views=views,
            payers=self.payers,
            taxes=self.taxes,
            options=self.options,
            clock=clock,
            screen=screen,
        )
        self.fraud = FraudOperations(region, views)
        pricing = Pricing(region, views, clock)
        self.pricing = PricingOperations(
            entities=region, views=views, pricing=pricing, options=self.options, clock=clock
        )
        self.sessions = SessionBilling(self.bills, pricing, context.once(calendars_of).bookings, region)
        self.superbills = Superbills(self.bills, region)
        self.subscriptions = Subscriptions(
            entities=region, views=views, payers=self.payers, taxes=self.taxes, options=self.options, clock=clock
        )
        self.invoices = Invoices(region, views, self.bills)
        self.invoicing = InvoiceOperations(region, self.invoices)
        self.books = Books(context.database)
        attempts, movements = Attempts(context.database), Movements(context.database)
        self.ledger = LedgerOperations(
            books=self.books, attempts=attempts, movements=movements, options=self.options, clock=clock
        )
        self.reconciliations = ReconciliationOperations(context.once(jobs_of), context.database, self.options, clock)
        self.disputes = DisputeOperations(region, views)
        app_url = context.settings.http.public_url
        self.payouts = Payouts(
            entities=region,
            views=views,
            options=self.options,
            clock=clock,
            app_url=str(app_url or ""),
            poll_s=context.settings.payments.poll_s,
        )
        self.clock = clock

    def operations(self) -> Iterable[Operation[Any]]:
        """All of them; those whose address begins like that of others stand behind those."""
        payments = PaymentOperations(self.bills)
        yield from payments
        yield from BillOperations(self.bills, payments)
        yield from self.sessions
        yield from self.superbills
        yield from PayerOperations(
            payers=self.payers, options=self.options, clock=self.clock, backing=self._backing, owing=self._owing
        )
        yield from self.pricing
        yield from self.taxes
        yield from self.disputes
        yield from PayoutOperations(self.payouts)
        yield from self.fraud
        yield from self.ledger
        yield from self.reconciliations
        yield from self.invoicing
        for part in (PlanOperations, SubscriptionOperations, UsageOperations):
            yield from part(self.subscriptions, self.clock)
        yield from payments.of_one_payment()

    async def _backing(self, payer: str, method_id: str) -> list[str]:
        """The subscriptions and open bills that are paid by a method."""
        records = await self.bills.lists.records(payer)
        held = [one.id for one in await self.subscriptions.of(payer) if one.method_id == method_id and not one.ended]
        method = await self.payers.method(payer, method_id)
        held += [one.id for one in records if one.live is not None and one.live.method_id == method_id]
        return held + [one.id for one in records if backed_by(one) == method.seen.ref]

    async def _owing(self, payer: str) -> list[str]:
        """The subscriptions that somebody pays, and the bills that they have yet to pay."""
        running = [one.id for one in await self.subscriptions.of(payer) if one.payer == payer and not one.ended]
        return running + [one.id for one in await self.bills.lists.records(payer) if one.payer == payer and one.due]


def services_of(context: ServerContext) -> Services:
    """The services of payments."""
    return Services(context)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    repeats = context.once(repeats_of)
    return (repeats.known(guarded(one)) for one in context.once(services_of).operations())


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    services = context.once(services_of)
    yield invoice_routes(services.invoices)
    yield payout_routes(services.payouts)
    yield superbill_routes(services.superbills)


def _personal(context: ApiContext) -> PersonalPayments:
    of = context.once(services_of)
    return PersonalPayments(
        bills=of.bills,
        payers=of.payers,
        invoices=of.invoices,
        subscriptions=of.subscriptions,
        payouts=of.payouts,
        vault=context.stores.vault,
    )


def _health(context: ApiContext) -> Iterable[HealthPart]:
    options = context.once(services_of).options
    figures = PaymentFigures(context.database, context.clock, context.registry)
    yield HealthPart("payments", PaymentHealth(context.database, options, figures).look, vital=False)


def _indexes(_: Settings) -> Mapping[str, Sequence[IndexModel]]:
    return INDEXES


PAYMENTS: Final = Capability(
    name="payments",
    feature="payments",
    operations=_operations,
    routers=_routers,
    events=PAYMENT_EVENTS,
    personal=_personal,
    indexes=_indexes,
    health=_health,
    connectors=CONNECTORS,
    webhooks=partners,
)
