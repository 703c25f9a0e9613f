"""The journal in MongoDB.

An append is one `insert` command, unordered, of one document per entity, sent as a plain command: the driver does not
repeat it behind our back, and the server's answer tells what became of each document. It has threads of its own, so
that a burst of slow reads (motor shares one small pool among all of them) never holds up a turn.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from typing import Final

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import DocumentTooLarge, PyMongoError

from common.errors import PayloadTooLarge
from common.logs import get_logger
from store.mongo.client import DUPLICATE_KEY, Database, Document, database_errors, write_newer
from store.mongo.kernel.documents import HISTORY, JOURNAL, to_document, to_turn, turn_id
from store.ports.journal import MAX_TURN_BYTES, Loaded, Outcome, Snapshot, Turn, check_appendable

SNAPSHOTS: Final = "snapshots"
_ACKNOWLEDGED: Final = {"w": "majority", "j": True}
_MAX_COMMAND_BYTES: Final = MAX_TURN_BYTES  # as documents do, plain commands end at 16 MiB
_RANGES: Final = 200  # entities whose turns above a snapshot one query looks for
_NEW: Final = 1000  # entities without a snapshot whose turns one query looks for
_SETTLED_AT_ONCE: Final = 1000
_THREADS: Final = 4

log = get_logger(__name__)


class MongoJournal:
    """`Journal` over the collections `journal` (see `store.mongo.kernel.documents`) and `snapshots`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = database[JOURNAL]
        self._snapshots = database[SNAPSHOTS]
        self._senders = ThreadPoolExecutor(_THREADS, "journal")

    def close(self) -> None:
        """Let go of the threads. Appends that are under way end by themselves."""
        self._senders.shutdown(wait=False)

    async def append(self, turns: Sequence[Turn]) -> Mapping[str, Outcome]:
        if check_appendable(turns) <= _MAX_COMMAND_BYTES:
            return await self._append(turns) if turns else {}
        outcomes: dict[str, Outcome] = {}
        for part in _parts(turns):
            outcomes.update(await self._append(part))
        return outcomes

    async def _append(self, turns: Sequence[Turn]) -> Mapping[str, Outcome]:
        command = {
            "insert": JOURNAL,
            "documents": [to_document(turn) for turn in turns],
            "ordered": False,
            "writeConcern": _ACKNOWLEDGED,
        }
        send = self._database.delegate.command
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._senders, send, command)
        except DocumentTooLarge as exc:  # by the driver's own count: nothing was sent
            raise PayloadTooLarge("This is too much at once.") from exc
        except PyMongoError as exc:
            log.warning("journal.unknown", turns=len(turns), error=type(exc).__name__, code=getattr(exc, "code", None))
            return dict.fromkeys((turn.entity for turn in turns), Outcome.UNKNOWN)
        return outcomes_of(turns, answer)

    async def load(self, entities: Sequence[str]) -> Mapping[str, Loaded]:
        snapshots: dict[str, Snapshot] = {}
        turns: dict[str, list[Turn]] = {entity: [] for entity in entities}
        with database_errors():
            async for document in self._snapshots.find({"_id": {"$in": list(turns)}}):
                snapshots[document["_id"]] = _snapshot(document)
            # Most have none. One step into an index for each, where a range for each is planned as a query of its own.
            new = [entity for entity in turns if entity not in snapshots]
            for some in _slices(new, _NEW):
                await self._load({"e": {"$in": list(some)}}, turns)
            for some in _slices(list(snapshots), _RANGES):
                await self._load({"$or": [_turns_above(e, snapshots[e].turn) for e in some]}, turns)
        for found in turns.values():
            found.sort(key=attrgetter("turn"))
        return {entity: Loaded(snapshots.get(entity), tuple(turns[entity])) for entity in turns}

    async def _load(self, query: Document, turns: Mapping[str, list[Turn]]) -> None:
        """Without an order, which could lead the planner to walk the whole journal in it."""
        async for document in self._turns.find(query):
            turns[document["e"]].append(to_turn(document))

    async def replies(self, command_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
        wanted = set(command_ids)
        found: dict[bytes, bytes] = {}
        query = {"ci": {"$in": list(wanted), "$exists": True}}  # `$exists` lets it use the partial index
        with database_errors():
            async for document in self._turns.find(query, {"ci": 1, "cr": 1}):
                for id_, reply in zip(document["ci"], document["cr"], strict=True):
                    if id_ in wanted:
                        found.setdefault(id_, reply)
        return found

    async def after(self, entity: str, seq: int, *, limit: int) -> list[Turn]:
        return await self._read({"e": entity, "l": {"$gt": seq}}, [("l", 1), ("t", 1)], limit)

    async def before(self, entity: str, seq: int, *, limit: int) -> list[Turn]:
        # The index is ordered by last events: the turn that holds `seq` itself is asked for apart.
        holding, below = await asyncio.gather(
            self._read({"e": entity, "l": {"$gte": seq}}, [("l", 1), ("t", 1)], 1),
            self._read({"e": entity, "l": {"$lt": seq}, "pr": {"$gt": 0}}, [("l", -1), ("t", -1)], limit),
        )
        return [*(turn for turn in holding if turn.primary and turn.first_seq < seq), *below][:limit]

    async def at(self, entity: str, seqs: Sequence[int]) -> list[Turn]:
        ids = await self._holding(entity, seqs)
        return await self._read({"_id": {"$in": ids}}, [("_id", 1)], len(ids)) if ids else []

    async def _holding(self, entity: str, seqs: Iterable[int]) -> list[str]:
        """Ids of the turns that hold these events: for each, the first turn that ends at it or later."""
        wanted = [{"s": seq} for seq in set(seqs)]
        if not wanted:
            return []
        pipeline: list[Document] = [
            {"$documents": wanted},
            {
                "$lookup": {
                    "from": JOURNAL,
                    "let": {"s": "$s"},
                    "pipeline": [
                        {"$match": {"e": entity, "$expr": {"$gte": ["$l", "$$s"]}}},
                        {"$sort": {"e": 1, "l": 1, "t": 1}},
                        {"$limit": 1},
                        {"$project": {"f": 1}},
                    ],
                    "as": "turn",
                }
            },
            {"$unwind": "$turn"},
            {"$match": {"$expr": {"$lte": ["$turn.f", "$s"]}}},
            {"$group": {"_id": "$turn._id"}},
        ]
        with database_errors():
            return [document["_id"] async for document in self._database.aggregate(pipeline)]

    async def across(self, places: Sequence[tuple[str, int]]) -> list[Turn]:
        wanted = [{"e": entity, "s": seq} for entity, seq in set(places)]
        if not wanted:
            return []
        pipeline: list[Document] = [  # as `_holding`, and the turns with it: one round trip for all
            {"$documents": wanted},
            {
                "$lookup": {
                    "from": JOURNAL,
                    "let": {"e": "$e", "s": "$s"},
                    "pipeline": [
                        {"$match": {"$expr": {"$and": [{"$eq": ["$e", "$$e"]}, {"$gte": ["$l", "$$s"]}]}}},
                        {"$sort": {"e": 1, "l": 1, "t": 1}},
                        {"$limit": 1},
                        {"$project": HISTORY},
                    ],
                    "as": "turn",
                }
            },
            {"$unwind": "$turn"},
            {"$match": {"$expr": {"$lte": ["$turn.f", "$s"]}}},
            {"$replaceRoot": {"newRoot": "$turn"}},
        ]
        with database_errors():
            found = {document["_id"]: document async for document in self._database.aggregate(pipeline)}
        return [to_turn(document) for document in found.values()]

    async def heads(self, entities: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        pipeline: list[Document] = [  # one step into the index per entity; `tests` hold the plan to that
            {"$match": {"e": {"$in": list(entities)}}},
            {"$sort": {"e": -1, "l": -1, "t": -1, "pr": -1, "at": -1}},
            {"$group": {"_id": "$e", "l": {"$first": "$l"}, "at": {"$first": "$at"}}},
        ]
        with database_errors():
            return {d["_id"]: (d["l"], int(d["at"])) async for d in self._turns.aggregate(pipeline)}

    async def redact(self, entity: str, events: Mapping[int, bytes]) -> None:
        changes = []
        for turn in await self.at(entity, list(events)):
            held = {seq: blob for seq, blob in events.items() if turn.first_seq <= seq <= turn.last_seq}
            blobs = {f"ev.{seq - turn.first_seq}": blob for seq, blob in held.items()}
            changes.append(UpdateOne({"_id": turn_id(entity, turn.turn)}, {"$set": blobs}))
        if changes:
            with database_errors():
                await self._turns.bulk_write(changes, ordered=False)

    async def settle(self, turns: Iterable[tuple[str, int]]) -> None:
        ids = list({turn_id(entity, turn) for entity, turn in turns})
        # The primary's word is enough: should it be lost, the effects are done once more.
        collection = self._turns.with_options(write_concern=WriteConcern(1))
        with database_errors():
            for some in _slices(ids, _SETTLED_AT_ONCE):
                await collection.update_many({"_id": {"$in": some}}, {"$unset": {"fx": ""}})

    async def unsettled(
        self, partitions: Sequence[int], *, limit: int, before_ms: int | None = None, after: Turn | None = None
    ) -> list[Turn]:
        query: Document = {"p": {"$in": list(partitions)}, "fx": {"$exists": True}}
        if after is not None:  # within its partition, what was read is stepped over in the index
            query["p"] = {"$in": [number for number in partitions if number >= after.partition]}
            query["$or"] = [{"p": {"$gt": after.partition}}, {"_id": {"$gt": turn_id(after.entity, after.turn)}}]
        if before_ms is not None:
            query["at"] = {"$lt": before_ms}
        return await self._read(query, [("p", 1), ("_id", 1)], limit, projection=None)

    async def save(self, snapshots: Sequence[Snapshot]) -> None:
        documents = [{"_id": s.entity, "t": s.turn, "v": s.version, "at": s.at_ms, "s": s.state} for s in snapshots]
        with database_errors():
            await write_newer(self._snapshots, documents, "t")

    async def entities(self, prefix: str, *, after: str, limit: int) -> list[str]:
        if limit <= 0:
            return []  # MongoDB takes 0 for "all"
        bounds: Document = {"$gt": after + "$"} if after >= prefix else {"$gte": prefix}  # "$" follows "#"
        if prefix:
            bounds["$lt"] = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        with database_errors():
            found = self._turns.find({"_id": bounds, "t": 1}, {"_id": 1}, sort=[("_id", 1)], limit=limit)
            return [document["_id"].rpartition("#")[0] async for document in found]

    async def turns(self, entity: str, *, after: int, limit: int) -> list[Turn]:
        return await self._read(_turns_above(entity, after), [("_id", 1)], limit, projection=None)

    async def _read(
        self, query: Document, order: list[tuple[str, int]], limit: int, projection: Document | None = HISTORY
    ) -> list[Turn]:
        if limit <= 0:
            return []
        with database_errors():
            found = self._turns.find(query, projection, sort=order, limit=limit)
            return [to_turn(document) async for document in found]


def outcomes_of(turns: Sequence[Turn], answer: Document) -> dict[str, Outcome]:
    """What the server's answer to an unordered insert says of each turn.

    A document whose key was taken is REFUSED. Any other write error, and a write concern that was not met (nobody
    knows whether a majority will have it), leave what is not refused UNKNOWN.
    """
    certain = "writeConcernError" not in answer
    outcomes = dict.fromkeys((turn.entity for turn in turns), Outcome.STORED if certain else Outcome.UNKNOWN)
    for error in answer.get("writeErrors", ()):
        taken = error["code"] == DUPLICATE_KEY
        outcomes[turns[error["index"]].entity] = Outcome.REFUSED if taken else Outcome.UNKNOWN
        if not taken:
            log.error("journal.write_error", code=error["code"])
    if not certain:
        log.warning("journal.write_concern", code=answer["writeConcernError"].get("code"))
    return outcomes


def _parts(turns: Sequence[Turn]) -> Iterator[Sequence[Turn]]:
    """Whole appends mostly; several when they would not fit into one message."""
    start = size = 0
    for position, turn in enumerate(turns):
        here = turn.size_bytes
        if size + here > _MAX_COMMAND_BYTES:
            yield turns[start:position]
            start, size = position, 0
        size += here
    if start < len(turns):
        yield turns[start:]


def _slices(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _turns_above(entity: str, turn: int) -> Document:
    above = turn_id(entity, turn) if turn >= 0 else f"{entity}#"
    return {"_id": {"$gt": above, "$lt": f"{entity}$"}}  # "$" follows "#"


def _snapshot(document: Document) -> Snapshot:
    return Snapshot(
        entity=document["_id"],
        turn=document["t"],
        version=document["v"],
        at_ms=int(document["at"]),
        state=document["s"],
    )
