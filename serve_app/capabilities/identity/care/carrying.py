"""Care relationships were documents once, without a journal: `{_id, client, therapist, state, open, by, since,
ended_at}` in the collection `care`. What is there becomes entities when the program starts."""

import asyncio
from typing import Final

from actors.care.commands import CarryOver
from actors.care.pairs import ClaimCare, care_pair_id
from actors.care.state import CareRecord
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.logs import get_logger
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "care"
_TOGETHER: Final = 500
log = get_logger(__name__)


async def carry_over(database: Database, region: EntityClient) -> int:
    """Make entities of the documents, and drop each that is one. How many. Idempotent: several processes may do it at
    once, and one that was interrupted goes on at the next start. Nothing may read the relationships before.

    Raises:
        Unavailable: it is not finished.
    """
    documents, carried = database[COLLECTION], 0
    while True:
        with database_errors():
            some = await documents.find({}, limit=_TOGETHER).to_list(_TOGETHER)
        if not some:
            break
        await asyncio.gather(*(_carry(region, _record_in(one)) for one in some))
        with database_errors():
            await documents.delete_many({"_id": {"$in": [one["_id"] for one in some]}})
        carried += len(some)
    if carried:
        log.info("care.carried_over", relationships=carried)
    return carried


async def _carry(region: EntityClient, care: CareRecord) -> None:
    if care.open:
        pair = care_pair_id(care.client, care.therapist)
        await region.ask(pair, ClaimCare(care.id), by=SYSTEM, command_id=f"carry {care.id}")
    await region.ask(f"care:{care.id}", CarryOver(care), by=SYSTEM, command_id="carry")


def _record_in(document: Document) -> CareRecord:
    return CareRecord(
        id=document["_id"],
        client=document["client"],
        therapist=document["therapist"],
        state=document["state"],
        by=document["by"],
        since=int(document["since"]),
        ended_at=int(document["ended_at"]),
    )
