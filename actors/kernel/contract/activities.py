"""Activities: calls to partners that follow from an event, and what their entity is told of them.

An activity is owed as soon as the turn of its event is stored. It is carried out by a runner, outside the shard, as
often as it takes, under one key; its answer reaches the entity once, as a command. The word is Temporal's.
"""

from typing import Literal

import msgspec

Urgency = Literal["now", "soon", "bulk"]
Outcome = Literal["done", "refused", "expired", "erased", "dropped"]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """A call to a partner, as an event entails it.

    `key` names it within its entity, for ever. `payload` is msgpack of a Struct that the kind's `activities.py` and the
    connector share; at rest it is sealed under the key of `owner` ("": nobody's; then it holds ids only). Activities of
    one `lane` of an entity are carried out one at a time, in their order ("": no order). Past `deadline_ms` it is not
    sent. With `ask`, the entity is asked (`Kind.still`) whether it is still true before it is sent.
    """

    connector: str
    key: str
    payload: bytes
    owner: str = ""
    lane: str = ""
    urgency: Urgency = "soon"
    deadline_ms: int | None = None
    ask: bool = False


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="kernel.answered"):
    """A command that every kind takes from Carewire itself: what became of its activity `key`.

    `result` is what the connector brought back (done); `code` says why it was refused. Stored, it closes the activity.
    """

    key: str
    outcome: Outcome
    result: bytes = b""
    code: str = ""
    attempts: int = 0
    at_ms: int = 0


class Still(msgspec.Struct, frozen=True, kw_only=True, tag="kernel.still"):
    """A question that every kind answers to Carewire itself: is what this activity says still true? Its reply is true
    or false. `payload` is the activity's, opened."""

    key: str
    payload: bytes


class ActivityRow(msgspec.Struct, frozen=True, kw_only=True):
    """An activity as operators see it: never its payload. `state` is `waiting`, `parked` or `dead`."""

    id: bytes
    connector: str
    entity: str
    state: str
    attempts: int
    created_at_ms: int
    due_ms: int | None
    deadline_ms: int | None
    code: str
    message: str
