"""What can be asked of an arrival. Only Carewire itself asks.

Whoever gets the letter of an arrival answers with a letter of their own, `NoteHandedOver`, in the turn in which they
took it. Kinds do not import each other, so they write it as `{"type": "handed"}` in msgpack. Who does not know yet what
it is about does nothing: the arrival asks again.
"""

import msgspec

from actors.arrivals.events import ArrivalStatus
from actors.kernel.contract.entity import Command, Query


class StoredBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the body: itself, or the id of the blob that holds it; neither once it was redacted."""

    body: bytes | None
    blob: str


class Arrive(Command[ArrivalStatus], frozen=True, kw_only=True, tag="arrive"):
    """A partner tells this. `to` and `letter`: whom it concerns, and the command for them; "": nobody. `what` is the
    partner's name for such an event. `body`: as it came, or `blob` where that is large."""

    what: str
    to: str = ""
    letter: bytes = b""
    body: bytes | None = None
    blob: str = ""


class NoteHandedOver(Command[ArrivalStatus], frozen=True, tag="handed"):
    """A letter of the one whom it concerns: they have it."""


class TryAgain(Command[ArrivalStatus], frozen=True, tag="again"):
    """A timer: whoever was asked `tries` times has not answered."""

    tries: int


class Replay(Command[ArrivalStatus], frozen=True, kw_only=True, tag="replay"):
    """An operator wants it handed over once more. With `letter`: what the partner's table makes of it by now."""

    to: str = ""
    letter: bytes = b""


class Forget(Command[ArrivalStatus], frozen=True, tag="forget"):
    """A timer: what the body says is not kept any longer."""


class ReadBody(Command[StoredBody], frozen=True, tag="body"):
    """What is kept of it."""


class NoteBlobRemoved(Command[ArrivalStatus], frozen=True, tag="cleared"):
    """The blob that had to go is gone."""


class BodyOf(Query, frozen=True):
    """The body, to be read from the journal; or where it is."""

    blob: str
    kept: bool


ArrivalCommand = Arrive | NoteHandedOver | TryAgain | Replay | Forget | ReadBody | NoteBlobRemoved
"""All of them."""
