"""Schemas for the documents: without defaults, and with every member, whatever it is called."""

import msgspec

from serve_app.edge.schemas import components_of, schema_of


class Card(msgspec.Struct, kw_only=True):
    """A member is named as a keyword is, and so is one inside it."""

    default: bool
    number: int = 3
    properties: dict[str, int] = {}


class Wallet(msgspec.Struct):
    """Refers to it."""

    cards: list[Card]


def test_members_that_are_called_as_keywords_are_told_and_defaults_are_not() -> None:
    inline = schema_of(Wallet)["properties"]["cards"]["items"]
    portable = components_of([Wallet], "#/components/schemas/{name}")["Card"]
    for schema in (inline, portable):
        assert set(schema["properties"]) == {"default", "number", "properties"}
        assert schema["properties"]["default"] == {"type": "boolean"}
        assert "default" not in schema["properties"]["number"]
