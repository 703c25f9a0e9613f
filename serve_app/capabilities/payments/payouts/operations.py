"""Payouts: each operation at both doors, and statements, which have one."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from actors.kernel.contract.entity import Principal
from actors.payments.payee.answers import (
    AccountReply,
    BalanceReply,
    PayoutPage,
    PayoutReply,
    account_reply,
    payout_reply,
)
from actors.payments.payee.commands import PayeeView
from common.ids import ID_PATTERN
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.documents import PDF, answers_of, served
from serve_app.capabilities.payments.payouts import requests
from serve_app.capabilities.payments.payouts.service import Payouts
from serve_app.capabilities.payments.shared import DETAILS, named
from serve_app.edge.conventions.permits import permit
from serve_app.edge.conventions.readings import reading_of, tells
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

_ID: Final = {"payout_id": "pot_usr_tess-4"}
PAYOUT: Final[dict[str, Any]] = {
    **_ID,
    "therapist_id": "usr_tess",
    "amount": 8000,
    "currency": "EUR",
    "status": "paid",
    "provider": "stripe",
    "items": [{"bill_id": "bil_01KAFZ0000000000000000000A", "gross": 10_000, "share": 8000, "fee": 2000}],
    "created_at": "2026-11-20T00:00:00.000Z",
    "updated_at": "2026-11-20T00:00:01.000Z",
    "provider_ref": "tr_1Q",
}
_ACCOUNT: Final[dict[str, Any]] = {
    "provider": "stripe",
    "payouts_enabled": False,
    "requirements": ["external_account"],
    "url": "https://connect.stripe.com/setup/e/acct_1/x",
}
_BALANCE: Final = {"therapist_id": "usr_tess", "available": 8000, "pending": 2400, "currency": "EUR"}
_operation: Final = Declare(resource=("payout_id", "therapist_id"), error_details=(*DETAILS, "requirements"))


class PayoutOperations:
    """Of one process."""

    def __init__(self, payouts: Payouts) -> None:
        self._payouts = payouts

    def __iter__(self) -> Iterator[Operation[Any]]:
        account, read = "/api/payouts/account", "payout.read"
        yield _operation(
            "list_payouts",
            read,
            request=requests.ListPayouts,
            call=self._list,
            rest=Rest("GET", "/api/payouts", tag="payouts"),
            response=PayoutPage,
            example=Example({}, {"items": [PAYOUT]}),
        )
        yield _operation(
            "payout_balance",
            read,
            request=requests.PayoutBalance,
            call=self._balance,
            rest=Rest("GET", "/api/payouts/balance", tag="payouts"),
            response=BalanceReply,
            example=Example({}, _BALANCE),
        )
        yield _operation(
            "open_payout_account",
            "payout.account",
            request=requests.OpenAccountBody,
            call=self._open,
            rest=Rest("POST", account, tag="payouts"),
            response=AccountReply,
            example=Example({"provider": "stripe"}, _ACCOUNT),
        )
        yield _operation(
            "get_payout_account",
            read,
            request=requests.PayoutAccount,
            call=self._account,
            rest=Rest("GET", account, tag="payouts"),
            response=AccountReply,
            example=Example({}, {"provider": "stripe", "payouts_enabled": True, "requirements": []}),
        )
        yield _operation(
            "run_payouts",
            "payout.run",
            request=requests.RunPayouts,
            call=self._run,
            rest=Rest("POST", "/api/payouts/run", tag="payouts"),
            response=requests.PayoutsMade,
            example=Example({"therapist_id": "usr_tess"}, {"items": [PAYOUT]}),
        )
        yield _operation(
            "get_payout",
            read,
            request=requests.OfPayout,
            call=self._get,
            rest=Rest("GET", "/api/payouts/{payout_id}", tag="payouts"),
            response=PayoutReply,
            example=Example(_ID, PAYOUT),
        )

    async def _list(self, request: requests.ListPayouts, caller: Caller) -> PayoutPage:
        """Payouts, the newest first: one's own, for administrators all."""
        found, more = await self._payouts.page(request, caller.by)
        return PayoutPage(items=[payout_reply(one) for one in found], next_cursor=more)

    async def _get(self, request: requests.OfPayout, caller: Caller) -> PayoutReply:
        """A payout, and what it is for."""
        return payout_reply(await self._payouts.get(request.payout_id, caller.by))

    async def _balance(self, request: requests.PayoutBalance, caller: Caller) -> BalanceReply:
        """What can be paid out by now, and what cannot yet. Below 0: what is owed back."""
        therapist = request.therapist_id or caller.by.user
        record = (await self._payouts.read(therapist, caller.by, caller.trace)).record
        currency = request.currency or self._payouts.options.currency
        available, pending = record.balance(currency, self._payouts.clock.platform_ms())
        return BalanceReply(therapist_id=therapist, available=available, pending=pending, currency=currency)

    async def _open(self, request: requests.OpenAccountBody, caller: Caller) -> Result:
        """Say by whom one is paid: the page on which its provider wants to know the rest."""
        name = named(caller, "account")
        return _account(await self._payouts.open(request, caller.by, caller.trace, name), caller.by)

    async def _account(self, request: requests.PayoutAccount, caller: Caller) -> Result:
        """The account to which one is paid, and what its provider still wants to know."""
        therapist = request.therapist_id or caller.by.user
        return _account(await self._payouts.account(therapist, caller.by, caller.trace), caller.by)

    async def _run(self, request: requests.RunPayouts, caller: Caller) -> requests.PayoutsMade:
        """Pay out what is due: to one (without an account: by hand), or to all who have one."""
        made = await self._payouts.run(request.therapist_id, caller.by, caller.trace, named(caller, "run"))
        return requests.PayoutsMade(items=[payout_reply(one) for one in made])


def payout_routes(payouts: Payouts) -> APIRouter:
    """`/api/payouts/{payout_id}/statement.pdf`."""
    router = APIRouter(tags=["payouts"])

    @router.get(
        "/api/payouts/{payout_id}/statement.pdf",
        operation_id="get_payout_statement",
        response_class=Response,
        responses=answers_of(PDF),
    )
    @tells(PayoutReply)
    async def pdf(
        request: Request,
        payout_id: Annotated[str, Path(pattern=ID_PATTERN)],
        who: Annotated[Principal, permit("payout.read")],
    ) -> Response:
        """The statement of a payout as PDF."""
        drawn, therapist = await payouts.statement(payout_id, who)
        reading_of(request, [therapist])
        return served(drawn, PDF, f"{payout_id}.pdf")

    return router


def _account(view: PayeeView, by: Principal) -> Result:
    owner = by.user == view.record.id
    return Result(account_reply(view, owner=owner), persons=[view.record.id])
