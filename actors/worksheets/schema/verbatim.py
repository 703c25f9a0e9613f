"""Instruments that are used word by word: what of them may not change."""

from typing import Any

import msgspec

from actors.worksheets.schema.fields import Field, Schema


def same_words(one: Schema, other: Schema) -> bool:
    """Do they ask the same, offer the same options, and count the same? What is only told beside it may differ."""
    return _words(one) == _words(other)


def _words(schema: Schema) -> dict[str, Any]:
    scores = [(score.id, score.sum, score.expression, score.bands, score.higher_is) for score in schema.scores]
    sections = [(section.title, section.fields) for section in schema.sections]
    return {
        "fields": [_asked(field) for field in schema.fields],
        "scores": msgspec.to_builtins(scores),
        "sections": sections,
    }


def _asked(field: Field) -> Any:
    loose = {"required", "sensitive", "filled_by"}
    return {name: value for name, value in msgspec.to_builtins(field).items() if name not in loose}
