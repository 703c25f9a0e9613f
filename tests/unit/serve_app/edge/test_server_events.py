"""What the server emits is declared: names, payloads, examples; and what the rigs hear is held against it."""

from pathlib import Path
from typing import Any, Final

import pytest

from config.features import FeatureSettings
from serve_app.catalogue import server_events
from serve_app.edge.draft7 import schemas_of
from serve_app.edge.server_events import ServerEvent
from tests.clients.heard import Heard, declared, problem_of

ROOT: Final = Path(__file__).parents[4]
EVENTS: Final = server_events(FeatureSettings())
TYPING: Final = {"room_id": "r1", "user_id": "ada", "role": "client"}


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda one: one.name)
def test_an_event_has_an_audience_an_explanation_and_an_example_that_fits(event: ServerEvent) -> None:
    assert event.audience
    assert event.payload.__doc__
    assert event.example is not None
    assert problem_of(event.name, event.example) == ""


@pytest.mark.parametrize("name", EVENTS)
def test_what_is_declared_is_sent_somewhere(name: str) -> None:
    sources = [path for package in ("actors", "realtime", "serve_app") for path in (ROOT / package).rglob("*.py")]
    senders = [path for path in sources if not path.name.endswith("_events.py")]
    assert any(f'"{name}"' in path.read_text() for path in senders)


@pytest.mark.parametrize(
    ("name", "payload", "complaint"),
    [
        ("typing_star", TYPING, "declared by no capability"),
        ("typing_start", {"room_id": "r1"}, "user_id"),
        ("typing_start", TYPING | {"user_id": 7}, "Expected `str`"),
        ("typing_start", TYPING | {"mood": "good"}, "unknown field `mood`"),
        ("typing_start", None, "Expected `object`"),
        ("reaction", {"room_id": "r1", "seq": 1, "message": EVENTS["message"].example | {"mood": "good"}}, "mood"),  # type: ignore[operator]
    ],
)
def test_what_is_not_declared_or_not_so_is_found(name: str, payload: Any, complaint: str) -> None:
    heard = Heard()
    heard.hear("typing_stop", TYPING)
    assert heard.problems == []  # the setup is sound
    heard.hear(name, payload)
    (problem,) = heard.problems
    assert complaint in problem


def test_every_payload_can_be_described_to_a_machine() -> None:
    schemas, _ = schemas_of([one.payload for one in declared().values()], at="{name}")
    assert len(schemas) == len(EVENTS)
