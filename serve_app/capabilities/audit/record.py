"""The audit record in MongoDB: `{_id: number, entry fields, previous, hash}`, append-only.

Entries that arrive while one write is under way go together into the next (group commit). The number is the fence:
of two processes that append at once, one collides, reads the head again and goes behind.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError

from common.clock import Clock
from common.errors import Unavailable
from common.lib.batching import Batcher, without_results
from serve_app.capabilities.audit import chain
from serve_app.capabilities.audit.chain import AuditEntry, ChainLink, ChainVerdict, Head
from store.mongo.client import DUPLICATE_KEY, Database, Document, database_errors

COLLECTION: Final = "audit"
HEADS: Final = "audit_heads"
INDEXES: Final = (
    IndexModel([("subject", ASCENDING), ("_id", DESCENDING)], name="subject"),
    IndexModel([("actor", ASCENDING), ("_id", DESCENDING)], name="actor"),
)
_ATTEMPTS: Final = 20
_BATCH: Final = 500


class AuditRecord:
    """One a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._links = database[COLLECTION]
        self._heads = database[HEADS]
        self._clock = clock
        self._appends: Batcher[AuditEntry, None] = Batcher(without_results(self._append), most=_BATCH)

    async def append(self, entry: AuditEntry) -> None:
        """Record it; on return a majority has it on disk. What must be recorded is recorded before it is done.

        Raises:
            Unavailable: it may not be recorded.
        """
        # Shielded: who hangs up was admitted all the same.
        await asyncio.shield(self._appends.put(chain.at(entry, self._clock.now_ms())))

    async def page(self, *, subject: str | None, below: int | None, limit: int) -> list[ChainLink]:
        """The newest entries, of one subject or of all."""
        query: Document = {} if subject is None else {"subject": subject}
        if below is not None:
            query["_id"] = {"$lt": below}
        with database_errors():
            return [_link(one) async for one in self._links.find(query, sort=[("_id", -1)], limit=limit)]

    async def verify(self, expected: Head | None = None) -> ChainVerdict:
        """Follow the whole chain. `expected`: a head that was noted earlier must lie on it."""
        head = Head()
        async for links in self._batches():
            verdict = chain.verify(links, start=head)
            if verdict.broken_at:
                return verdict
            noted = [link for link in links if expected is not None and link.number == expected.number]
            if expected is not None and noted and noted[0].hash != expected.hash:
                return ChainVerdict(verdict.head, expected.number, "it is not the one that was noted")
            head = verdict.head
        with database_errors():
            kept: Document | None = await self._heads.find_one({"_id": "head"})
        furthest = max((kept or {}).get("number", 0), expected.number if expected is not None else 0)
        if furthest > head.number:
            return ChainVerdict(head, head.number + 1, "the end is missing")
        return ChainVerdict(head)

    async def _batches(self) -> AsyncIterator[list[ChainLink]]:
        last = 0
        while True:
            with database_errors():
                found = await self._links.find({"_id": {"$gt": last}}, sort=[("_id", 1)], limit=_BATCH).to_list(None)
            if not found:
                return
            last = found[-1]["_id"]
            yield [_link(one) for one in found]

    async def _append(self, entries: Sequence[AuditEntry]) -> None:
        left = list(entries)
        for _ in range(_ATTEMPTS):
            with database_errors():
                last: Document | None = await self._links.find_one(sort=[("_id", -1)])
            head = Head() if last is None else Head(int(last["_id"]), last["hash"])
            links = []
            for entry in left:
                links.append(chain.link(head, entry))
                head = Head(links[-1].number, links[-1].hash)
            stored = await self._insert(links)
            left = left[stored:]
            if stored:
                with database_errors():
                    newest = {"number": links[stored - 1].number}
                    await self._heads.update_one({"_id": "head"}, {"$max": newest}, upsert=True)
            if not left:
                return
        raise Unavailable("The audit record is busy. Try again.")

    async def _insert(self, links: list[ChainLink]) -> int:
        """How many are stored: those before the first that collides."""
        try:
            with database_errors():
                await self._links.insert_many([_document(link) for link in links], ordered=True)
        except BulkWriteError as error:
            if any(detail["code"] != DUPLICATE_KEY for detail in error.details.get("writeErrors", [])):
                raise
            return int(error.details["nInserted"])
        return len(links)


def _document(link: ChainLink) -> Document:
    return {"_id": link.number, **asdict(link.entry), "previous": link.previous, "hash": link.hash}


def _link(document: Document) -> ChainLink:
    fields = {name: document[name] for name in AuditEntry.__slots__}
    fields["at_ms"] = int(fields["at_ms"])  # bson's own integers are not what was hashed
    return ChainLink(int(document["_id"]), AuditEntry(**fields), document["previous"], document["hash"])
