"""Decoding what clients send: one Struct a request, and errors that name the member at fault."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Raw

from common.errors import InvalidArgument
from common.ids import ID_PATTERN
from common.lines import COMPLAINT, LINE_PATTERN

LARGEST_INT: Final = 2**53 - 1  # the largest that every JSON reader keeps exactly


MAX_DEPTH: Final = 16


_EMPTY: Final = Raw(b"{}")


Id = Annotated[str, Meta(pattern=ID_PATTERN.removesuffix("$") + r"\Z")]  # `$` would let a final newline pass


Seq = Annotated[int, Meta(ge=0, le=LARGEST_INT)]


INSTANT_PATTERN: Final = r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)\Z"


Instant = Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]
"""RFC 3339 with an offset; `common.timeline.parse_instant` reads it, within the years 1900 to 2200."""


Text = Annotated[str, Meta(pattern=r"\A[^\0]*\Z")]


ShortText = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"\A[^\0]*\Z")]


UserIds = Annotated[list[Id], Meta(min_length=1, max_length=1000)]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what a client sends with an event."""


T = TypeVar("T", bound=msgspec.Struct)


def decode(arguments: Sequence[Raw], kind: type[T], max_bytes: int) -> T:
    """The request in the arguments of an event: one JSON object, or none at all for `{}`.

    Raises:
        InvalidArgument: it is too large, or not what `kind` says; `details.field` names the member at fault.
    """
    if len(arguments) > 1:
        raise InvalidArgument("An event takes one object.")
    raw = arguments[0] if arguments else _EMPTY
    size = len(memoryview(raw))
    if size > max_bytes:
        raise InvalidArgument(f"The payload is too large: at most {max_bytes} bytes.", details={"limit": max_bytes})
    decoder: msgspec.json.Decoder[T] = _decoder(kind)
    try:
        try:
            return decoder.decode(raw)
        except msgspec.ValidationError as error:
            if not str(error).partition(" - at ")[0].endswith("got `float`"):
                raise
            return decoder.decode(msgspec.json.encode(whole(msgspec.json.decode(raw))))
    except msgspec.ValidationError as error:
        raise explained(str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise InvalidArgument(_unreadable(bytes(raw), error)) from None


def whole(value: object) -> object:
    """`value` with each `994.0` in it as `994`: JSON Schema's `integer` is any number without a fraction (4.2.1)."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INT:
        return int(value)
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    return [whole(member) for member in value] if isinstance(value, list) else value


def _unreadable(raw: bytes, error: Exception) -> str:
    """Advice for JSON that cannot be read. Says nothing of what stands in it."""
    if isinstance(error, UnicodeError):
        return "The payload is not UTF-8: encode it anew."
    if any(one["half"] for one in _ESCAPES.finditer(raw)):
        return "The payload has half of a surrogate pair, which is no character: send both halves, or neither."
    return "The payload is not JSON that can be read."


_ESCAPES: Final = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F])|.)", re.DOTALL)


@cache
def _decoder(kind: type[T]) -> "msgspec.json.Decoder[T]":
    return msgspec.json.Decoder(kind)


_PATH: Final = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`\Z", re.DOTALL)


_MISSING: Final = re.compile(r"Object missing required field `([a-z_]+)`")


_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`\Z", re.DOTALL)


def explained(problem: str) -> InvalidArgument:
    """msgspec's words, told to a client: which member, and what is wrong with it."""
    path = _PATH.search(problem)
    field = path[1] if path else ""
    problem = problem[: path.start()] if path else problem
    if missing := _MISSING.match(problem):
        return _invalid(_within(field, missing[1]), "is missing")
    if unknown := _UNKNOWN.match(problem):
        return _invalid(_within(field, unknown[1]), "is not known here")
    if f"matching regex {LINE_PATTERN!r}" in problem:
        return _invalid(field, COMPLAINT)
    if f"matching regex {INSTANT_PATTERN!r}" in problem:
        return _invalid(field, "is a time with an offset, such as 2026-11-20T09:30:00Z")
    if "matching regex" in problem:
        return _invalid(field, "has a form that is not allowed")
    if problem.startswith("Invalid enum value"):  # quotes the value
        return _invalid(field, "is not one of the values that are allowed")
    return _invalid(field, "is not valid: " + problem[:1].lower() + problem[1:].replace("`", ""))


def _within(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member


def _invalid(field: str, complaint: str) -> InvalidArgument:
    field = field[:64]
    details: dict[str, object] | None = {"field": field} if field else None
    return InvalidArgument(f"{field or 'The payload'} {complaint}.", details=details)


def check_plain(value: object, depth: int) -> None:
    """Raises InvalidArgument unless every reader of JSON can take `value`: not too deep, numbers not too large."""
    if depth == 0:
        raise _invalid("attachments", f"is nested too deeply: at most {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for member in value.values():
            check_plain(member, depth - 1)
    elif isinstance(value, list):
        for member in value:
            check_plain(member, depth - 1)
    elif isinstance(value, int) and abs(value) > LARGEST_INT:
        raise _invalid("attachments", "has a number that is too large")
