"""Payouts, for the operations: commands to payees, and waiting for what a provider answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.issuer.entity import ReadIssuer
from actors.payments.issuer.state import PLATFORM, IssuerBody
from actors.payments.payee.commands import (
    LookAtAccount,
    OpenPayoutAccount,
    PayeeCommand,
    PayeeView,
    PayOut,
    ReadPayee,
)
from actors.payments.payee.state import PayoutRecord, payee_of
from actors.payments.payee.views import PAYEES, PAYOUTS, payout_in
from common.clock import Clock
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from serve_app.capabilities.payments.payouts.requests import ListPayouts, OpenAccountBody
from serve_app.capabilities.payments.shared import Options
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from store.ports.views import Scalar, ViewQuery

PATIENCE_S: Final = 2.0
_PAUSE_S: Final = 0.02
_PAGE: Final = 200
_AT_ONCE: Final = 20
PAYS: Final = ("manual", "stripe")
"""Providers by which somebody can be paid."""


class Payouts:
    """One a process. `app_url`: where the page of a provider leads back to, if nobody says otherwise. `poll_s`: for so
    long what was heard of an account counts."""

    def __init__(
        self, entities: EntityClient, views: ViewFinder, options: Options, clock: Clock, app_url: str, poll_s: float
    ) -> None:
        self._entities, self._views = entities, views
        self.options, self.clock, self._app_url = options, clock, app_url
        self._stale_ms = int(poll_s * 1000)

    async def read(self, therapist: str, by: Principal, trace: str = "") -> PayeeView:
        """What somebody is owed. Raises NotFound: it is nothing to the one who asks."""
        return await self._ask(therapist, ReadPayee(), by, trace)

    async def account(self, therapist: str, by: Principal, trace: str = "") -> PayeeView:
        """The account as its provider has it: read again where nothing was heard of it lately, for what told of it may
        be lost. Where the provider does not answer in time, as it was.

        Raises:
            NotFound: it is nothing to the one who asks.
        """
        view = await self._ask(therapist, LookAtAccount(stale_ms=self._stale_ms), by, trace)
        account = view.record.account
        if account is None or account.looked <= account.heard:
            return view
        return await self._wait(view=view, provider=account.provider, heard=account.heard, by=by, trace=trace)

    async def get(self, payout_id: str, by: Principal) -> PayoutRecord:
        """A payout. Raises NotFound."""
        if not (therapist := payee_of(payout_id)):
            raise _not_found(payout_id)
        kept = (await self.read(therapist, by)).record.payout(payout_id)
        if kept is not None:
            return kept
        found = await self._views.find(
            ViewQuery(collection=PAYOUTS, equal={"therapist": therapist}, order_by="order", limit=_PAGE)
        )
        payout = next((payout_in(one) for one in found if one.id == payout_id), None)
        if payout is None:
            raise _not_found(payout_id)
        return payout

    async def page(self, wanted: ListPayouts, by: Principal) -> tuple[list[PayoutRecord], str | None]:
        """Payouts that `by` may see, the newest first. Raises NotFound: somebody else's."""
        therapist = wanted.therapist_id or (None if by.role == "admin" else by.user)
        if by.role != "admin" and therapist != by.user:
            raise NotFound("There is no such payee.")
        named = {"therapist": therapist, "status": wanted.status}
        equal: dict[str, Scalar] = {name: value for name, value in named.items() if value is not None}
        below = None if wanted.cursor is None else str(decode_cursor(wanted.cursor, str)[0])
        query = ViewQuery(
            collection=PAYOUTS, equal=equal, order_by="order", below=below, descending=True, limit=wanted.limit + 1
        )
        found = await self._views.find(query)
        page = found[: wanted.limit]
        more = encode_cursor(str(page[-1].fields["order"])) if len(found) > wanted.limit else None
        return [payout_in(one) for one in page], more

    async def open(self, wanted: OpenAccountBody, by: Principal, trace: str, name: str | None) -> PayeeView:
        """An account, and the page on which it is completed; as far as the provider answers in time.

        Raises:
            InvalidArgument: nobody is paid by this provider.
            FailedPrecondition: a payout is under way by another; or nobody has said where its page leads back to.
        """
        provider = self.options.provider(wanted.provider)
        if provider not in PAYS:
            raise InvalidArgument("Nobody is paid by this provider.", details={"field": "provider"})
        therapist, url = wanted.therapist_id or by.user, wanted.return_url or self._app_url
        if provider != "manual" and not url:
            raise FailedPrecondition("Say where its page leads back to.", details={"field": "return_url"})
        before = (await self.read(therapist, by, trace)).record
        heard = before.account.heard if before.account is not None and before.account.provider == provider else 0
        view = await self._ask(
            therapist=therapist,
            command=OpenPayoutAccount(provider=provider, return_url=url),
            by=by,
            trace=trace,
            name=name,
        )
        return await self._wait(view=view, provider=provider, heard=heard, by=by, trace=trace)

    async def run(self, therapist: str | None, by: Principal, trace: str, name: str | None) -> list[PayoutRecord]:
        """Pay out what is due, to one or to all who have an account: the payouts that were made."""
        if therapist is not None:
            await self.account(therapist, by, trace)
            return _made(
                await self._ask(therapist=therapist, command=PayOut(named=True), by=by, trace=trace, name=name)
            )
        made: list[PayoutRecord] = []
        async for some in self._owed():
            views = await asyncio.gather(
                *(self._ask(therapist=one, command=PayOut(), by=by, trace=trace, name=name) for one in some)
            )
            made += [payout for view in views for payout in _made(view)]
        return made

    async def of(self, therapist: str) -> list[PayoutRecord]:
        """All that somebody was paid, the oldest first."""
        found: list[PayoutRecord] = []
        above: str | None = None
        while True:
            query = ViewQuery(
                collection=PAYOUTS, equal={"therapist": therapist}, order_by="order", above=above, limit=_PAGE
            )
            page = await self._views.find(query)
            found += [payout_in(one) for one in page]
            if len(page) < query.limit:
                return found
            above = str(page[-1].fields["order"])

    async def statement(self, payout_id: str, by: Principal) -> tuple[bytes, str]:
        """A payout, drawn, and whose it is. Raises FailedPrecondition: its font lacks some of its letters."""
        from serve_app.capabilities.payments.payouts.statement import drawn  # its library only where one is wanted

        payout = await self.get(payout_id, by)
        issuer: IssuerBody = (await self._entities.ask(f"issuer:{PLATFORM}", ReadIssuer(), by=SYSTEM)).issuer
        return await asyncio.to_thread(drawn, payout, issuer), payee_of(payout_id)

    async def _owed(self) -> AsyncIterator[Sequence[str]]:
        """Everybody to whom something is owed, some at a time."""
        above: str | None = None
        while True:
            found = await self._views.find(
                ViewQuery(collection=PAYEES, equal={"owed": True}, order_by="order", above=above, limit=_AT_ONCE)
            )
            yield [one.id for one in found]
            if len(found) < _AT_ONCE:
                return
            above = str(found[-1].fields["order"])

    async def _wait(self, view: PayeeView, provider: str, heard: int, by: Principal, trace: str) -> PayeeView:
        until = self.clock.monotonic_s() + PATIENCE_S
        while self.clock.monotonic_s() < until:
            account = view.record.account
            if provider == "manual" or account is None or account.heard > heard or account.code:
                break
            await asyncio.sleep(_PAUSE_S)
            view = await self.read(view.record.id, by, trace)
        return view

    async def _ask(
        self, therapist: str, command: PayeeCommand, by: Principal, trace: str, name: str | None = None
    ) -> PayeeView:
        entity = f"payee:{therapist}"
        reply = await self._entities.submit(entity, command, by=by, trace=trace, command_id=name)
        return msgspec.json.decode(reply.data, type=PayeeView)


def _made(view: PayeeView) -> list[PayoutRecord]:
    return [one for one in view.record.payouts if one.id in view.made]


def _not_found(payout_id: str) -> NotFound:
    return NotFound("There is no such payout.", payout=payout_id)
