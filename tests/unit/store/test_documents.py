"""Documents of the store as they lie in MongoDB: their names and their order."""

import bson

from store.mongo.kernel.documents import to_document, to_turn
from store.mongo.kernel.views import view_document
from store.ports.journal import CommandRecord, Turn
from store.ports.views import View

FULL = Turn(
    entity="room:r",
    turn=1,
    first_seq=2,
    at_ms=3,
    partition=4,
    events=(b"e",),
    notes=(b"n",),
    commands=(CommandRecord(b"i", b"r"),),
    primary=1,
    effects=(b"f",),
)
BARE = Turn(entity="room:r", turn=12, first_seq=2, at_ms=3, partition=4)


def test_a_turn_is_this_document() -> None:
    document = to_document(FULL)
    head = {"_id": "room:r#000000000001", "e": "room:r", "t": 1, "f": 2, "l": 2, "at": 3, "p": 4, "pr": 1}
    body = {"ev": [b"e"], "n": [b"n"], "ci": [b"i"], "cr": [b"r"], "fx": [b"f"]}
    assert bson.encode(document) == bson.encode(head | body)
    assert to_turn(bson.decode(bson.encode(document))) == FULL


def test_what_a_turn_does_not_have_is_left_out() -> None:
    document = {"_id": "room:r#000000000012", "e": "room:r", "t": 12, "f": 2, "l": 1, "at": 3, "p": 4, "pr": 0}
    assert bson.encode(to_document(BARE)) == bson.encode(document)
    assert to_turn(document) == BARE


def test_a_view_is_this_document() -> None:
    view = View("people", "a", 3, {"room": "r", "left": None}, b"data", b"secret")
    document = {"_id": "a", "v": 3, "f": {"room": "r", "left": None}, "d": b"data", "s": b"secret"}
    assert bson.encode(view_document(view)) == bson.encode(document)
    del document["s"]
    assert bson.encode(view_document(View("people", "a", 3, {"room": "r", "left": None}, b"data"))) == bson.encode(
        document
    )
