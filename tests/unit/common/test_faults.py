import json
from datetime import UTC, datetime
from typing import Any

import pytest

from common.net.dsn import Dsn
from common.net.faults import envelope

AT = datetime(2026, 3, 1, tzinfo=UTC)


def the_event(told: bytes) -> dict[str, Any]:
    head, item, body, _ = told.split(b"\n")
    assert json.loads(head)["event_id"] == "ab" * 16
    assert json.loads(item) == {"type": "event", "length": len(body)}
    found: dict[str, Any] = json.loads(body)
    return found


def fails(secret: str) -> None:
    try:
        int(secret)
    except ValueError as error:
        raise KeyError(secret) from error


def told_of(secret: str) -> bytes:
    try:
        fails(secret)
    except KeyError as error:
        line = {"event": "turn.failed", "logger": "shard", "level": "error", "exc_info": error, "entity": secret}
        return envelope(line, process="rooms-0", event_id="ab" * 16, at=AT)
    raise AssertionError


def test_a_report_says_what_broke_and_where_and_never_with_what() -> None:
    told = told_of("my knee hurts")
    event = the_event(told)
    assert event["logentry"] == {"formatted": "turn.failed"}
    assert event["tags"] == {"process": "rooms-0"}
    causes = event["exception"]["values"]
    assert [one["type"] for one in causes] == ["ValueError", "KeyError"]  # as Sentry wants them: the first cause first
    frames = causes[-1]["stacktrace"]["frames"]
    assert [one["function"] for one in frames] == ["told_of", "fails"]
    assert frames[0]["filename"] == "tests/unit/common/test_faults.py"
    assert frames[0]["in_app"]
    assert b"knee" not in told


def test_a_fault_without_an_error_is_told_by_its_name() -> None:
    event = the_event(envelope({"event": "x.lost", "level": "critical"}, process="p", event_id="ab" * 16, at=AT))
    assert (event["level"], "exception" in event) == ("fatal", False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://k@o1.ingest.sentry.io/42", Dsn(True, "o1.ingest.sentry.io", 443, "/api/42/envelope/", "k")),
        ("http://k@10.0.0.1:9000/sub/7/", Dsn(False, "10.0.0.1", 9000, "/sub/api/7/envelope/", "k")),
    ],
)
def test_a_dsn_names_the_address_of_envelopes(text: str, found: Dsn) -> None:
    assert Dsn.parse(text) == found


@pytest.mark.parametrize("text", ["", "https://o1.sentry.io/42", "ftp://k@o1/42", "https://k@o1", "https://k@o1:x/42"])
def test_what_is_no_dsn_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - urlsplit has words of its own for a bad port
        Dsn.parse(text)
