"""What is put off or dead, in MongoDB:

    _id  16 bytes        p  partition            c  connector           e  entity
    s    "parked"|"dead" u  urgency, 0..2        due  ms since 1970     fx packed
    l    lane            o  order in its lane    n  attempts            k  runners that died with it
    deadline, created    ms since 1970           code, message          q  "<entity>|<lane>", of parked ones only

    h    kind of the entity

What is empty is left out.
"""

from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError

from store.mongo.client import DUPLICATE_KEY, Collection, Database, Document, database_errors
from store.ports.activities import BEHIND, ActivityRecord, Lane, State


def _index(name: str, *fields: str, **partial: Any) -> IndexModel:
    keys = [(field, ASCENDING) for field in fields]
    return IndexModel(keys, name=name, partialFilterExpression=partial) if partial else IndexModel(keys, name=name)


ACTIVITIES: Final = "activities"
_PARKED: Final = "parked"
INDEXES: Final = (
    _index("queues", "c", "u", "due", "_id", "p", "h", s=_PARKED),
    _index("age", "c", "created", "_id", "p", s=_PARKED),
    _index("late", "deadline", "_id", "p", "h", s=_PARKED, deadline={"$exists": True}),
    _index("heads", "q", "o", "due", "_id", "p", "h", q={"$exists": True}),
    _index("states", "c", "s", "_id", "p", "h"),
)
"""Those in line by due time: what is due is little, whoever's it is; what is not yet due is never looked at."""


class MongoActivities:
    """`ActivityStore` over one collection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._activities: Collection = database[ACTIVITIES]

    async def put(self, activities: Sequence[ActivityRecord]) -> None:
        last = {one.id: one for one in activities}
        changes = [ReplaceOne({"_id": one.id}, _to_document(one), upsert=True) for one in last.values()]
        if changes:
            with database_errors():
                await self._activities.bulk_write(changes, ordered=False)

    async def add(self, activities: Sequence[ActivityRecord]) -> None:
        if not activities:
            return
        with database_errors():
            try:
                await self._activities.insert_many(map(_to_document, activities), ordered=False)
            except BulkWriteError as exc:
                errors = exc.details.get("writeErrors", [])
                if exc.details.get("writeConcernErrors") or any(e["code"] != DUPLICATE_KEY for e in errors):
                    raise

    async def drop(self, ids: Sequence[bytes]) -> None:
        if ids:
            with database_errors():
                await self._activities.delete_many({"_id": {"$in": list(ids)}})

    async def get(self, ids: Sequence[bytes]) -> Mapping[bytes, ActivityRecord]:
        return {one.id: one for one in await self._find({"_id": {"$in": list(ids)}}, "_id", len(ids))}

    async def due(
        self,
        partitions: Sequence[int],
        connector: str,
        *,
        before_ms: int,
        limit: int,
        urgency: int = 1,
        kinds: Many[str] | None = None,
    ) -> list[ActivityRecord]:
        query = _of(kinds) | {
            "s": _PARKED,
            "c": connector,
            "u": urgency,
            "due": {"$lt": before_ms},
            "p": {"$in": list(partitions)},
        }
        return await self._find(query, "due", limit)

    async def expired(
        self,
        partitions: Sequence[int],
        *,
        before_ms: int,
        limit: int,
        after: tuple[int, bytes] | None = None,
        kinds: Many[str] | None = None,
    ) -> list[ActivityRecord]:
        deadline: Document = {"$exists": True, "$lt": before_ms}
        query: Document = _of(kinds) | {"s": _PARKED, "deadline": deadline, "p": {"$in": list(partitions)}}
        if after is not None:
            last_ms, id_ = after
            deadline["$gte"] = last_ms
            query["$or"] = [{"deadline": {"$gt": last_ms}}, {"_id": {"$gt": id_}}]
        return await self._find(query, "deadline", limit)

    async def first_of(self, lanes: Sequence[Lane]) -> Mapping[Lane, ActivityRecord]:
        wanted = [{"q": _queue(*lane)} for lane in dict.fromkeys(lanes)]
        if not wanted:
            return {}
        first = {"pipeline": [{"$sort": {"q": 1, "o": 1}}, {"$limit": 1}], "as": "first"}
        pipeline: list[Document] = [
            {"$documents": wanted},
            {"$lookup": {"from": ACTIVITIES, "localField": "q", "foreignField": "q", **first}},
            {"$unwind": "$first"},
            {"$replaceRoot": {"newRoot": "$first"}},
        ]
        with database_errors():
            found = [_to_record(document) async for document in self._database.aggregate(pipeline)]
        return {(one.entity, one.lane): one for one in found}

    async def stuck(self, partitions: Sequence[int], kinds: Many[str] | None = None) -> list[bytes]:
        first = {
            name: {"$first": f"${field}"} for name, field in (("id", "_id"), ("due", "due"), ("p", "p"), ("h", "h"))
        }
        pipeline: list[Document] = [
            {"$match": {"q": {"$gt": ""}}},  # `$exists` would look at each document
            {"$sort": {"q": 1, "o": 1}},
            {"$group": {"_id": "$q", **first}},
            {"$match": {"due": BEHIND, "p": {"$in": list(partitions)}} | _of(kinds)},
        ]
        with database_errors():
            return [document["id"] async for document in self._activities.aggregate(pipeline)]

    async def page(
        self, *, connector: str | None = None, state: State | None = None, after: bytes | None = None, limit: int
    ) -> list[ActivityRecord]:
        query: Document = {"c": connector, "s": state, "_id": None if after is None else {"$gt": after}}
        return await self._find({name: value for name, value in query.items() if value is not None}, "_id", limit)

    async def counts(
        self, partitions: Sequence[int] | None = None, kinds: Many[str] | None = None
    ) -> Mapping[tuple[str, State], int]:
        within: Document = _of(kinds) if partitions is None else {"p": {"$in": list(partitions)}} | _of(kinds)
        pipeline: list[Document] = [
            {"$match": {"c": {"$gt": ""}, **within}},
            {"$project": {"_id": 0, "c": 1, "s": 1}},  # so the index has it all
            {"$group": {"_id": {"c": "$c", "s": "$s"}, "n": {"$sum": 1}}},
        ]
        with database_errors():
            found = self._activities.aggregate(pipeline)
            return {(d["_id"]["c"], d["_id"]["s"]): d["n"] async for d in found}

    async def oldest_ms(self, partitions: Sequence[int], connector: str) -> int | None:
        query = {"s": _PARKED, "c": connector, "p": {"$in": list(partitions)}}
        found = await self._find(query, "created", 1)
        return found[0].created_at_ms if found else None

    async def _find(self, query: Document, order: str, limit: int) -> list[ActivityRecord]:
        if limit <= 0:
            return []  # MongoDB takes 0 for "all"
        sort = [(order, ASCENDING)] if order == "_id" else [(order, ASCENDING), ("_id", ASCENDING)]
        with database_errors():
            return [_to_record(d) async for d in self._activities.find(query, sort=sort, limit=limit)]


def _of(kinds: Many[str] | None) -> Document:
    return {} if kinds is None else {"h": {"$in": sorted(kinds)}}


def _queue(entity: str, lane: str) -> str:
    return f"{entity}|{lane}"


def _to_document(one: ActivityRecord) -> Document:
    document: Document = {
        "_id": one.id,
        "p": one.partition,
        "c": one.connector,
        "e": one.entity,
        "h": one.kind,
        "s": one.state,
        "u": one.urgency,
        "due": one.due_ms,
        "created": one.created_at_ms,
        "fx": one.packed,
    }
    optional = {"n": one.attempts, "k": one.deaths, "code": one.code, "message": one.message}
    document |= {name: value for name, value in optional.items() if value}
    if one.deadline_ms is not None:
        document["deadline"] = one.deadline_ms
    if one.lane:
        document |= {"l": one.lane, "o": one.order}
        if one.state == _PARKED:
            document["q"] = _queue(one.entity, one.lane)
    return document


def _to_record(document: Mapping[str, Any]) -> ActivityRecord:
    deadline = document.get("deadline")
    return ActivityRecord(
        id=document["_id"],
        partition=document["p"],
        connector=document["c"],
        entity=document["e"],
        state=document["s"],
        due_ms=int(document["due"]),  # bson makes an Int64 of it, which nothing else can encode
        packed=document["fx"],
        created_at_ms=int(document["created"]),
        urgency=document["u"],
        lane=document.get("l", ""),
        order=int(document.get("o", 0)),
        attempts=document.get("n", 0),
        deaths=document.get("k", 0),
        deadline_ms=None if deadline is None else int(deadline),
        code=document.get("code", ""),
        message=document.get("message", ""),
    )
