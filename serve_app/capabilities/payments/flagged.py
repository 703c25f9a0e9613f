"""Bills that staff has to look at, a page at a time."""

from actors.kernel.contract.ports import ViewFinder
from actors.payments.bill.views import BILLS
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from store.ports.views import View, ViewQuery


async def flagged_bills(
    views: ViewFinder, flag: str, cursor: str | None, limit: int, *, beneficiary: str | None = None
) -> tuple[list[View], str | None]:
    """Those with this flag in the read model (of one therapist), the newest first, and where the next page begins."""
    whose = {} if beneficiary is None else {"beneficiary": beneficiary}
    below = None if cursor is None else str(decode_cursor(cursor, str)[0])
    query = ViewQuery(
        collection=BILLS, equal={flag: True, **whose}, order_by="order", below=below, descending=True, limit=limit + 1
    )
    found = await views.find(query)
    page = list(found[:limit])
    return page, encode_cursor(str(page[-1].fields["order"])) if len(found) > limit else None
