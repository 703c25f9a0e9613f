"""A worksheet's schema as it is sent, stored and shown: sections, fields, scores, alerts, and the licence."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from common.decoding import Text

FIELD_ID: Final = r"\A[A-Za-z][A-Za-z0-9_]{0,63}\Z"
MOST_FIELDS: Final = 500
MOST_ROWS: Final = 200
LONGEST_CHARS: Final = 20_000
FieldId = Annotated[str, Meta(pattern=FIELD_ID)]
Line = Annotated[Text, Meta(max_length=2000)]
Passage = Annotated[Text, Meta(max_length=10_000)]
Expression = Annotated[Text, Meta(extra_json_schema={"maxLength": 2000})]  # who parses it refuses what is longer
Name = Annotated[Text, Meta(min_length=1, max_length=64)]
Number = int | float
FieldType = Literal[
    "text", "long_text", "integer", "number", "boolean", "date", "time",
    "choice", "multi_choice", "scale", "file", "group", "info",
]  # fmt: skip
FilledBy = Literal["client", "therapist", "both"]
Urgency = Literal["normal", "high", "emergency"]
UNANSWERED: Final = frozenset(("group", "info"))
"""Types that have no answer of their own."""
WORDS: Final = frozenset(("text", "long_text", "file"))
"""Types of which figures only count answers."""


class _Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base: unknown members are refused. What nobody said is not shown, but for defaults that a factory makes."""


class Code(_Shape, frozen=True):
    """A code of a system: LOINC (`http://loinc.org`), ..."""

    system: Annotated[str, Meta(max_length=256)]
    code: Annotated[str, Meta(min_length=1, max_length=128)]


class Option(_Shape, frozen=True):
    """What may be chosen."""

    value: Annotated[str, Meta(min_length=1, max_length=256)] | int | float
    label: Line
    score: Number | None = None
    code: Code | None = None


class Field(_Shape, frozen=True, kw_only=True):
    """A question, or a text to read (`info`)."""

    id: FieldId
    type: FieldType
    label: Line
    help: Passage | None = None
    required: bool = False
    options: Annotated[list[Option], Meta(max_length=200)] = []
    min: Number | None = None
    max: Number | None = None
    step: Number | None = None
    max_chars: Annotated[int, Meta(ge=1, le=LONGEST_CHARS)] | None = None
    max_choices: Annotated[int, Meta(ge=1, le=200)] | None = None
    unit: Annotated[Text, Meta(max_length=64)] | None = None
    filled_by: FilledBy = "client"
    show_if: Expression | None = None
    sensitive: bool = False
    code: Code | None = None


class TopField(Field, frozen=True, kw_only=True):
    """A question, or a group of them that may come in rows."""

    fields: Annotated[list[Field], Meta(max_length=100)] = []
    max_rows: Annotated[int, Meta(ge=1, le=MOST_ROWS)] | None = None


class Section(_Shape, frozen=True, kw_only=True):
    """Fields that stand together."""

    id: Name
    title: Line | None = None
    fields: Annotated[list[FieldId], Meta(max_length=MOST_FIELDS)]
    show_if: Expression | None = None


class Prorate(_Shape, frozen=True):
    """At most `prorate` answers may be missing; the sum is that of the others in proportion, and says so."""

    prorate: Annotated[int, Meta(ge=0, le=MOST_FIELDS)]


class Sum(_Shape, frozen=True, kw_only=True):
    """The sum of what these fields count."""

    fields: Annotated[list[FieldId], Meta(min_length=1, max_length=MOST_FIELDS)]
    missing: Literal["refuse", "zero"] | Prorate = msgspec.field(default_factory=lambda: "refuse")


class Band(_Shape, frozen=True, kw_only=True):
    """What values of `min` to `max` are called."""

    min: Number
    max: Number
    code: Name
    label: Line


class ReliableChange(_Shape, frozen=True, kw_only=True):
    """By how much two values differ before it counts: given, or by Jacobson and Truax (1991)."""

    points: Annotated[float, Meta(gt=0)] | None = None
    sd: Annotated[float, Meta(gt=0)] | None = None
    reliability: Annotated[float, Meta(ge=0, lt=1)] | None = None


class Cutoff(_Shape, frozen=True):
    """From here on it matters."""

    points: Number


class Score(_Shape, frozen=True, kw_only=True):
    """A number made of answers."""

    id: FieldId
    title: Line
    sum: Sum | None = None
    expression: Expression | None = None
    bands: Annotated[list[Band], Meta(max_length=50)] = []
    higher_is: Literal["worse", "better"] = msgspec.field(default_factory=lambda: "worse")
    reliable_change: ReliableChange | None = None
    cutoff: Cutoff | None = None
    source: Passage | None = None


class Alert(_Shape, frozen=True, kw_only=True):
    """What the therapist is told of at once."""

    id: Name
    when: Expression
    urgency: Urgency
    message: Line


class Schema(_Shape, frozen=True, kw_only=True):
    """A worksheet's questions."""

    sections: Annotated[list[Section], Meta(max_length=100)] = []
    fields: Annotated[list[TopField], Meta(min_length=1, max_length=MOST_FIELDS)]
    scores: Annotated[list[Score], Meta(max_length=50)] = []
    alerts: Annotated[list[Alert], Meta(max_length=50)] = []

    def field(self, key: str) -> Field | None:
        """The field of an answer: `field`, or `group.row.field`."""
        group, _, rest = key.partition(".")
        found = next((one for one in self.fields if one.id == group), None)
        if not rest or found is None:
            return found if not rest else None
        child = rest.partition(".")[2]
        return next((one for one in found.fields if one.id == child), None) if found.type == "group" else None


class Licence(_Shape, frozen=True, kw_only=True):
    """Whose it is, and what may be done with it. `permission`: by which words a restricted one may be used."""

    holder: Line
    notice: Passage
    terms: Literal["free", "own", "restricted"]
    verbatim: bool = msgspec.field(default_factory=bool)
    source: Passage
    permission: Passage | None = None
