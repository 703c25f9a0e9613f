"""Bills and what was paid, as they are listed: from the read models, each as far as it concerns the one who asks."""

import asyncio
from collections.abc import Awaitable, Callable

from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import ViewFinder
from actors.payments.bill.commands import BillView
from actors.payments.bill.state import BillRecord
from actors.payments.bill.views import BILLS, TRANSACTIONS, Transaction, record_in, transaction_in
from common.errors import NotFound
from common.timeline import parse_instant
from serve_app.capabilities.payments.bills.requests import ListBills, PaymentHistory
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from store.ports.views import Scalar, ViewQuery


class BillLists:
    """One a process. `read`: a bill, for somebody; raises NotFound: it is nothing to them."""

    def __init__(self, views: ViewFinder, read: Callable[[str, Principal], Awaitable[BillView]]) -> None:
        self._views, self._read = views, read

    async def of_booking(self, booking_id: str) -> str:
        """The bill of a booking. Raises NotFound."""
        found = await self._views.find(
            ViewQuery(collection=BILLS, equal={"booking": booking_id}, order_by="order", limit=1)
        )
        if not found:
            raise NotFound("There is no bill for this booking.", booking=booking_id)
        return found[0].id

    async def page(self, wanted: ListBills, by: Principal) -> tuple[list[BillView], str | None]:
        """Bills that `by` may see, the newest first."""
        found = await self._views.find(
            ViewQuery(
                collection=BILLS,
                equal=self._equal(wanted, by),
                order_by="order",
                below=_position(wanted.cursor),
                descending=True,
                limit=wanted.limit + 1,
            )
        )
        page = found[: wanted.limit]
        views = await asyncio.gather(*(self._if_theirs(one.id, by) for one in page))
        more = encode_cursor(str(page[-1].fields["order"])) if len(found) > wanted.limit else None
        return [view for view in views if view is not None], more

    async def _if_theirs(self, bill_id: str, by: Principal) -> BillView | None:
        try:
            return await self._read(bill_id, by)
        except NotFound:
            return None

    async def history(self, wanted: PaymentHistory, by: Principal) -> tuple[list[Transaction], str | None]:
        """What was paid, the newest first.

        Raises:
            NotFound: it is somebody else's.
        """
        payer = wanted.payer_id or (by.user if by.role != "admin" else None)
        if by.role != "admin" and payer != by.user:
            raise NotFound("There is no such payer.")
        equal: dict[str, Scalar] = {} if payer is None else {"payer": payer}
        if wanted.kind is not None:
            equal["kind"] = wanted.kind
        until = f"{parse_instant(wanted.until, 'to'):015d}" if wanted.until else None
        found = await self._views.find(
            ViewQuery(
                collection=TRANSACTIONS,
                equal=equal,
                order_by="order",
                above=f"{parse_instant(wanted.since, 'from'):015d}" if wanted.since else None,
                below=_position(wanted.cursor) or until,
                descending=True,
                limit=wanted.limit + 1,
            )
        )
        page = found[: wanted.limit]
        more = encode_cursor(str(page[-1].fields["order"])) if len(found) > wanted.limit else None
        return [transaction_in(one) for one in page], more

    async def records(self, payer: str) -> list[BillRecord]:
        """All bills that somebody pays, or that are for them."""
        found: dict[str, BillRecord] = {}
        for name in ("payer", "client"):
            above: str | None = None
            while True:
                query = ViewQuery(collection=BILLS, equal={name: payer}, order_by="order", above=above, limit=500)
                views = await self._views.find(query)
                found |= {view.id: record_in(view) for view in views}
                if len(views) < query.limit:
                    break
                above = str(views[-1].fields["order"])
        return list(found.values())

    def _equal(self, wanted: ListBills, by: Principal) -> dict[str, Scalar]:
        named = {
            "payer": wanted.payer_id,
            "booking": wanted.booking_id,
            "subscription": wanted.subscription_id,
            "status": wanted.status,
        }
        equal: dict[str, Scalar] = {name: value for name, value in named.items() if value is not None}
        if by.role == "admin":
            return equal
        if by.role == "therapist" and wanted.payer_id != by.user:
            return {**equal, "beneficiary": by.user}
        if wanted.payer_id not in (None, by.user):
            raise NotFound("There is no such payer.")
        if wanted.payer_id is None and (wanted.booking_id or wanted.subscription_id):
            return equal  # of what somebody else pays for them they see a little; each bill says who sees it
        return {**equal, "payer": by.user}


def _position(cursor: str | None) -> str | None:
    return None if cursor is None else str(decode_cursor(cursor, str)[0])
