"""Who has to pay before they come in: the client of a session whose bill is due."""

from typing import Final

from actors.payments.bill.state import BillRecord
from actors.payments.bill.views import BILLS, record_in
from common.clock import Clock
from store.ports.views import ViewQuery, Views

_SETTLED: Final = frozenset({"authorized", "paid", "refunded", "void"})
_MOST: Final = 20


class Debts:
    """One a process."""

    def __init__(self, views: Views, clock: Clock) -> None:
        self._views, self._clock = views, clock

    async def owed(self, booking: str) -> str:
        """The bill of this booking that is due now and open; "": none. Whoever pays after the session, or has a method
        that is charged by itself, owes nothing yet."""
        query = ViewQuery(collection=BILLS, equal={"booking": booking}, order_by="order", limit=_MOST)
        now_ms = self._clock.platform_ms()
        for view in await self._views.find(query):
            if _is_due(bill := record_in(view), now_ms):
                return bill.id
        return ""


def _is_due(bill: BillRecord, now_ms: int) -> bool:
    if bill.status in _SETTLED or bill.capture == "on_completion" or bill.due_at > now_ms:
        return False
    return not bill.off_session
