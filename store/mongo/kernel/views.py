"""Read models in MongoDB: `{_id, v: version, f: {queryable fields}, d: data, s: secret}`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bson.int64 import Int64
from pymongo import ASCENDING, IndexModel

from store.mongo.client import Database, Document, database_errors, write_newer
from store.ports.views import Index, View, ViewQuery


class MongoViews:
    """`Views` over one collection per read model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, views: Sequence[View]) -> None:
        documents: dict[str, list[Document]] = defaultdict(list)
        for view in views:
            documents[view.collection].append(view_document(view))
        with database_errors():
            for collection, some in documents.items():
                await write_newer(self._database[collection], some, "v")

    async def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        with database_errors():
            found = self._database[collection].find({"_id": {"$in": list(ids)}})
            return {document["_id"]: _to_view(collection, document) async for document in found}

    async def find(self, query: ViewQuery) -> list[View]:
        if query.limit <= 0:
            return []  # MongoDB takes 0 for "all"
        wanted: Document = {_path(name): {"$eq": value} for name, value in query.equal.items()}
        order = _path(query.order_by)
        bounds = {"$gt": query.above, "$lt": query.below}
        if bounds := {operator: bound for operator, bound in bounds.items() if bound is not None}:
            wanted["$and"] = [{order: bounds}]  # apart: `order_by` may be among the equal ones
        direction = -1 if query.descending else 1
        with database_errors():
            sort = [(order, direction), ("_id", direction)]
            found = self._database[query.collection].find(wanted, sort=sort, limit=query.limit)
            return [_to_view(query.collection, document) async for document in found]


def view_index(index: Index) -> IndexModel:
    """The index as MongoDB wants it. Unless unique, it ends with the id, which breaks ties in every order."""
    keys = [(_path(name), ASCENDING) for name in index.fields]
    name = "_".join(index.fields)
    if index.unique:
        return IndexModel(keys, name=name, unique=True)
    keys.append(("_id", ASCENDING))
    if not index.positive:
        return IndexModel(keys, name=name)
    return IndexModel(keys, name=name, partialFilterExpression={_path(index.fields[0]): {"$gt": 0}})


def _path(name: str) -> str:
    return "v" if name == "version" else f"f.{name}"


def view_document(view: View) -> Document:
    """The view as MongoDB keeps it."""
    document: Document = {"_id": view.id, "v": view.version, "f": dict(view.fields), "d": view.data}
    if view.secret is not None:
        document["s"] = view.secret
    return document


def _to_view(collection: str, document: Document) -> View:
    fields = {name: int(value) if isinstance(value, Int64) else value for name, value in document["f"].items()}
    return View(
        collection=collection,
        id=document["_id"],
        version=document["v"],
        fields=fields,
        data=document["d"],
        secret=document.get("s"),
    )
