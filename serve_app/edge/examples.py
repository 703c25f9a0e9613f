"""Examples for documents: what a client could send, made from the schema where a declaration has none of its own.

A value is chosen by the name of its member, as the documents use it everywhere (`therapist_id` is `tess`), then by its
type. Tests hold every example to the type that it is for.
"""

from collections.abc import Mapping
from typing import Any, Final

from serve_app.edge.json_schema import Schema

_ID: Final = "01KAFZ0000000000000000000"
BY_NAME: Final[Mapping[str, object]] = {
    "after": 17,
    "at": "2026-11-20T09:30:00.000Z",
    "body": "Good morning",
    "booking_id": f"bkg_{_ID}",
    "calendar_id": "tess",
    "client_id": "alice",
    "created_at": "2026-11-18T08:00:00.000Z",
    "date": "2026-12-24",
    "emoji": "👍",
    "end": "2026-11-20T10:20:00.000Z",
    "entry_id": f"wait_{_ID}",
    "expires_at": "2026-11-21T09:30:00.000Z",
    "feed_token_id": f"feed_{_ID}",
    "from": "2026-11-20T00:00:00Z",
    "ics": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nEND:VCALENDAR\r\n",
    "message_id": f"msg_{_ID}",
    "offer_id": f"ofr_{_ID}",
    "room_id": f"room_{_ID}",
    "rrule": "FREQ=WEEKLY;COUNT=4",
    "sender_id": "alice",
    "series_id": f"ser_{_ID}",
    "service_id": "talk",
    "start": "2026-11-20T09:30:00Z",
    "therapist_id": "tess",
    "title": "Group of Tuesday",
    "to": "2026-11-27T00:00:00Z",
    "token_id": f"feed_{_ID}",
    "tz": "Europe/Berlin",
    "updated_at": "2026-11-18T08:00:00.000Z",
    "user_id": "alice",
    "weekly": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]},
}
_BY_TYPE: Final[Mapping[str, object]] = {"string": "text", "boolean": True, "null": None, "number": 1.0}


def example_of(schema: Schema, parts: Mapping[str, Schema]) -> Any:
    """A value that fits: members that must be there, and no others. `parts`: what references lead to, by name."""
    return _value("", schema, parts)


def _value(name: str, schema: Schema, parts: Mapping[str, Schema]) -> Any:
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type")
    if name in BY_NAME and not isinstance(kinds, list) and kinds == _type_of(BY_NAME[name]):
        return BY_NAME[name]
    for key in ("enum", "examples"):
        if key in schema:
            return schema[key][0]
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0], parts)
    match kinds:
        case "object":
            required = schema.get("required", ())
            return {one: _value(one, schema["properties"][one], parts) for one in required}
        case "array":
            return _array(name, schema, parts)
        case "integer":
            return max(1, int(schema.get("minimum", 1)))
    return _BY_TYPE.get(str(kinds), {})


def _array(name: str, schema: Schema, parts: Mapping[str, Schema]) -> list[Any]:
    items = schema.get("items", {})
    if isinstance(items, list):
        return [_value("", one, parts) for one in items]
    return [_value(name.removesuffix("s"), items, parts)] if items is not False else []


def _type_of(value: object) -> str:
    kinds = {str: "string", int: "integer", dict: "object"}
    return kinds[type(value)]
