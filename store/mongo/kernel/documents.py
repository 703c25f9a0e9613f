"""How a turn lies in MongoDB. Written often, so its names are short.

    _id  "<entity>#<turn, 12 digits>"   the fence; sorts in turn order
    e    entity                         t    turn number
    f    number of the first event      l    number of the last one (f - 1: none)
    at   milliseconds since 1970        p    partition
    pr   how many events are primary    ev   the events
    n    notes                          ci   ids of the commands answered; unique over the whole journal
    cr   their replies, in that order   fx   effects not known to be done; gone once they are

Lists that would be empty are left out. `ci` and `cr` are two lists of blobs, not one of pairs: smaller, and cheaper to
encode, than a document for each command.
"""

from collections.abc import Mapping
from typing import Any, Final

from pymongo import ASCENDING, IndexModel

from store.mongo.client import Document
from store.ports.journal import CommandRecord, Turn


def _index(name: str, *fields: str, **options: Any) -> IndexModel:
    return IndexModel([(field, ASCENDING) for field in fields], name=name, **options)


JOURNAL: Final = "journal"
INDEXES: Final = (
    IndexModel([("ci", ASCENDING)], name="commands", unique=True, partialFilterExpression={"ci": {"$exists": True}}),
    IndexModel([(key, ASCENDING) for key in ("e", "l", "t", "pr", "at")], name="events"),
    IndexModel(
        [("p", ASCENDING), ("_id", ASCENDING)], name="unsettled", partialFilterExpression={"fx": {"$exists": True}}
    ),
    IndexModel([("_id", ASCENDING), ("t", ASCENDING)], name="entities", partialFilterExpression={"t": 1}),
)
HISTORY: Final = {"ci": 0, "cr": 0, "fx": 0}
"""Projection for readers of events, who need neither commands nor effects."""


def turn_id(entity: str, turn: int) -> str:
    """`turn_id("room:42", 7)` -> `"room:42#000000000007"`."""
    return f"{entity}#{turn:012d}"


def to_document(turn: Turn) -> Document:
    """The turn as MongoDB keeps it."""
    document: Document = {
        "_id": turn_id(turn.entity, turn.turn),
        "e": turn.entity,
        "t": turn.turn,
        "f": turn.first_seq,
        "l": turn.last_seq,
        "at": turn.at_ms,
        "p": turn.partition,
        "pr": turn.primary,
    }
    if turn.events:
        document["ev"] = turn.events
    if turn.notes:
        document["n"] = turn.notes
    if turn.commands:
        document["ci"] = [command.id for command in turn.commands]
        document["cr"] = [command.reply for command in turn.commands]
    if turn.effects:
        document["fx"] = turn.effects
    return document


def to_turn(document: Mapping[str, Any]) -> Turn:
    """The inverse of `to_document`; what a projection left out is empty."""
    return Turn(
        entity=document["e"],
        turn=document["t"],
        first_seq=document["f"],
        at_ms=int(document["at"]),  # bson makes an Int64 of it, which nothing else can encode
        partition=document["p"],
        events=tuple(document.get("ev", ())),
        notes=tuple(document.get("n", ())),
        commands=tuple(map(CommandRecord, document.get("ci", ()), document.get("cr", ()))),
        primary=document["pr"],
        effects=tuple(document.get("fx", ())),
    )
