"""What payments hold of one person: handed out, or given up when the person is erased."""

from collections.abc import AsyncIterator
from typing import Final

from actors.kernel.contract.entity import SYSTEM, Principal, as_themselves
from actors.payments.bill.answers import bill_reply, viewer_of
from actors.payments.bill.commands import CancelPayment
from actors.payments.bill.letters import Neutralize
from actors.payments.bill.replies import BillReply
from actors.payments.issuer.answers import InvoiceReply
from actors.payments.payee.answers import payout_reply
from actors.payments.payer.answers import customer_reply, method_reply
from actors.payments.payer.commands import ErasePayer
from actors.payments.subscription.answers import subscription_reply
from actors.payments.subscription.commands import Cancel
from common.errors import CarewireError, FailedPrecondition, NotFound, Unavailable
from common.logs import get_logger
from serve_app.capabilities.capability import Section
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.invoices.service import Invoices
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.payouts.service import Payouts
from serve_app.capabilities.payments.subscriptions.service import Subscriptions
from store.ports.vault import Vault

_AGAIN_S: Final = 30.0
log = get_logger(__name__)


class PersonalPayments:
    """One a replica of the API."""

    def __init__(
        self,
        bills: Bills,
        payers: Payers,
        invoices: Invoices,
        subscriptions: Subscriptions,
        payouts: Payouts,
        vault: Vault,
    ) -> None:
        self._vault = vault
        self._bills, self._payers, self._invoices = bills, payers, invoices
        self._subscriptions, self._payouts = subscriptions, payouts

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        view = await self._payers.read(who.user, SYSTEM, trace)
        yield "payer", customer_reply(view)
        yield "payment_methods", [method_reply(view.record, one, one.created) for one in view.record.methods]
        yield "bills", self._all_bills(who)
        yield "invoices", self._all_invoices(who)
        held = await self._subscriptions.of(who.user)
        read = [await self._subscriptions.read(one.id, as_themselves(who.user)) for one in held]
        yield "subscriptions", [subscription_reply(one.record, one.version, one.reason) for one in read]
        yield "payouts", [payout_reply(one) for one in await self._payouts.of(who.user)]

    async def erase(self, user: str) -> None:
        """End subscriptions, give up what is being paid, and delete the person at every provider. Amounts, numbers and
        postings stay, as tax law wants; what bills say in words is sealed under the person's key and goes with it. Open
        bills stay, neutral from now on, and can be collected by staff. What was written for a dispute is sealed under
        the bill until that closes. Idempotent.

        Raises:
            Unavailable: a provider has not deleted them yet, or money of them is still disputed.
        """
        for subscription in await self._subscriptions.of(user):
            await self._subscriptions.ask(subscription.id, Cancel(when="now"), SYSTEM)
        for record in await self._bills.lists.records(user):
            live = record.live
            if record.payer == user and live is not None and not live.captured:
                await self._give_up(live.id)
            if record.client == user and (record.due or record.disputed):
                await self._bills.tell(record.id, Neutralize())
        view = await self._payers.ask(user, ErasePayer(), SYSTEM)
        if not view.record.erased:
            raise Unavailable("A payment provider has not deleted this person yet.", retry_after_s=_AGAIN_S)
        disputed = [record for record in await self._bills.lists.records(user) if record.disputes]
        for record in disputed:
            if all(one.closed for one in record.disputes):
                await self._vault.erase(record.id)
        if any(not one.closed for record in disputed for one in record.disputes):
            raise Unavailable("Money of this person is disputed.", retry_after_s=_AGAIN_S)

    async def _give_up(self, payment_id: str) -> None:
        try:
            await self._bills.ask(self._bills.bill_of(payment_id), CancelPayment(payment_id), SYSTEM)
        except (FailedPrecondition, NotFound) as error:  # it is over, or under way: then it ends by itself
            log.info("erasure.left", resource=payment_id, code=error.code)

    async def _all_invoices(self, who: Principal) -> AsyncIterator[InvoiceReply]:
        by = as_themselves(who.user)
        for invoice in await self._invoices.of(who.user):
            yield await self._invoices.get(invoice.id, by)

    async def _all_bills(self, who: Principal) -> AsyncIterator[BillReply]:
        by = as_themselves(who.user)
        for record in await self._bills.lists.records(who.user):
            try:
                yield bill_reply(await self._bills.read(record.id, by), viewer_of(by))
            except CarewireError as error:
                log.warning("export.left", resource=record.id, code=error.code)
                raise
