"""What of an assignment is sealed under the client's key: what they were given, what they wrote, what was said."""

from typing import Any, Final, Literal

import msgspec

from actors.worksheets.schema.fields import Schema
from actors.worksheets.schema.scoring import Scored


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What they were given: the secret of the first event."""

    title: str
    schema: Schema
    note: str = ""


class EventWords(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words in an event. `title`: of the worksheet, for whoever is told. `text`: a reason, feedback, a question."""

    title: str = ""
    text: str = ""
    quote: str = ""


class ComparisonRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a score is compared with others: `mark` is the same for scores that can be. `least`: from which difference on
    it is no chance; `cutoff`: from where on it matters."""

    mark: str
    higher_is: Literal["worse", "better"] = "worse"
    least: float | None = None
    cutoff: float | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed in."""

    answers: dict[str, Any]
    notes: dict[str, str]
    rows: dict[str, list[str]]
    scores: dict[str, Scored | None]
    alerts: list[str]
    title: str = ""
    judges: dict[str, ComparisonRule] = {}


pack: Final = msgspec.msgpack.Encoder().encode
given_in: Final = msgspec.msgpack.Decoder(Given).decode
said_in: Final = msgspec.msgpack.Decoder(EventWords).decode
submission_in: Final = msgspec.msgpack.Decoder(Submission).decode


def words(secret: bytes | None) -> EventWords:
    """What an event says; nothing, where its text was deleted or its key erased."""
    return EventWords() if secret is None else said_in(secret)
