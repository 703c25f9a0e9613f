"""Names, titles and reasons are one line, wherever people write them."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pydantic
import pytest
from msgspec import Raw
from pydantic import BaseModel, TypeAdapter

from actors.calendars.contract import requests as calendar_requests
from actors.calendars.hours import schedule
from actors.rooms.room import rules
from common.decoding import decode
from common.errors import InvalidArgument
from common.lines import Line, is_line
from config.settings import RoomSettings
from serve_app.capabilities.calendars import requests as calendar_operations
from serve_app.capabilities.identity import models
from serve_app.capabilities.oversight import routes as audit

HIDDEN = ["\n", "\r\nBcc: x@example.org", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\t"]
FINE = ["", "Ada", "Mary O’Brien", "Zoë 👩‍⚕️", "مريم", "\u2068Ada\u2069", "नमस्ते", "a\u200db", "\u200fשרה", " ", "日本"]  # noqa: RUF001 - as phones type
_WRITTEN = re.compile(r"(^|_)(name|title|reason)$")


@pytest.mark.parametrize("text", HIDDEN)
def test_what_hides_or_breaks_a_line_is_refused(text: str) -> None:
    assert not is_line(f"a{text}b")
    with pytest.raises(pydantic.ValidationError):
        TypeAdapter(Line).validate_python(f"a{text}b")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"a{text}b", Line)


@pytest.mark.parametrize("text", FINE)
def test_names_of_all_languages_are_lines(text: str) -> None:
    assert is_line(text)
    assert TypeAdapter(Line).validate_python(text) == msgspec.convert(text, Line) == text


def written() -> Iterator[tuple[str, str, Any]]:
    """(type, member, its type) of every text in a request body that is called a name, a title or a reason."""
    for module in (models, audit, calendar_requests, calendar_operations):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            is_body = issubclass(kind, models.IdentityBody | audit.OpenGrant | calendar_requests.Body)
            if is_body and issubclass(kind, BaseModel | msgspec.Struct):
                for member, hint in get_type_hints(kind, include_extras=True).items():
                    if _WRITTEN.search(member):
                        yield name, member, hint


BODIES = {f"{name}.{member}": hint for name, member, hint in written()}


def test_the_members_are_found() -> None:
    assert {"Register.name", "Login.device_name", "ChangeUser.reason", "OpenGrant.reason", "Rename.name"} <= set(BODIES)
    assert {"OverrideBody.reason", "ReasonBody.reason", "BulkBody.reason", "EndBooking.reason"} <= set(BODIES)


@pytest.mark.parametrize("member", BODIES)
def test_whatever_is_called_a_name_a_title_or_a_reason_is_one_line(member: str) -> None:
    text = "a long enough reason\nand more"
    if member.split(".")[0] in dir(models) + dir(audit):
        with pytest.raises(pydantic.ValidationError, match="one line"):
            TypeAdapter(BODIES[member]).validate_python(text)
    else:
        with pytest.raises(msgspec.ValidationError, match="regex"):
            msgspec.convert(text, BODIES[member])


def test_whoever_sends_such_a_reason_is_told_what_is_wrong() -> None:
    with pytest.raises(InvalidArgument, match="reason has line breaks or control characters; it is one line") as told:
        decode([Raw(json.dumps({"reason": "a\nb"}).encode())], calendar_requests.ReasonBody, 1000)
    assert told.value.details == {"field": "reason"}


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("services.title", {"services": [{"service_id": "s", "duration_minutes": 60, "title": "a\nb"}]}),
        ("overrides.reason", {"overrides": [{"date": "2026-12-24", "reason": "a\x00b"}]}),
        (
            "blackouts.reason",
            {"blackouts": [{"start": "2026-12-24T08:00:00Z", "end": "2026-12-24T09:00:00Z", "reason": "a\x1bb"}]},
        ),
        (
            "openings.reason",
            {"openings": [{"start": "2026-12-24T08:00:00Z", "end": "2026-12-24T09:00:00Z", "reason": "a\u2028b"}]},
        ),
    ],
)
def test_titles_and_reasons_of_a_calendar_are_lines_but_what_is_stored_is_read(
    field: str, part: dict[str, object]
) -> None:
    stored = msgspec.convert({"tz": "Europe/Berlin"} | part, schedule.Schedule)
    with pytest.raises(InvalidArgument) as refused:
        schedule.check(stored, "tess")
    assert refused.value.details == {"field": field}


@pytest.mark.parametrize("text", ["a\nb", "a\u202eb"])
def test_rooms_keep_the_same_rule(text: str) -> None:
    with pytest.raises(InvalidArgument):
        rules.title(text, RoomSettings())
