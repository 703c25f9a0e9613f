"""The AsyncAPI document, held to the program: every event both ways, what it may be refused with, examples that fit."""

from typing import Any, Final

import msgspec
import pytest

from common.errors import NotFound, error_types
from common.persons import NothingToTell
from config.features import FeatureSettings
from config.settings import Settings
from serve_app.catalogue import client_events, server_events
from serve_app.cluster.blueprint import api_context, asyncapi_of, unconnected_handlers
from serve_app.edge.asyncapi import asyncapi, codes_of
from serve_app.edge.operation import ClientEvent, Declared, Example
from serve_app.edge.server_events import Payload
from tests.clients.heard import problem_of

SETTINGS: Final = Settings()
DOCUMENT: Final = asyncapi_of(SETTINGS)
MESSAGES: Final = DOCUMENT["components"]["messages"]
EMITTED: Final = client_events(api_context(SETTINGS))
EVERY: Final = pytest.mark.parametrize("one", EMITTED, ids=lambda one: one.name)


def messages_of(action: str) -> set[str]:
    """The names of the events of this action."""
    operations = [one for one in DOCUMENT["operations"].values() if one["action"] == action]
    keys = [reference["$ref"].rpartition("/")[2] for one in operations for reference in one["messages"]]
    return {MESSAGES[key]["name"] for key in keys}


def test_it_names_every_event_both_ways() -> None:
    assert messages_of("send") == set(server_events(SETTINGS.features))
    handled = {one.event for one in unconnected_handlers(SETTINGS)}
    assert messages_of("receive") >= handled | {"authenticate", "set_presence", "watch_presence", "unwatch_presence"}
    assert len({one.name for one in EMITTED}) == len(EMITTED)


@EVERY
def test_an_event_has_an_ack_its_codes_and_examples_that_fit(one: Declared) -> None:
    sent = MESSAGES[one.name]["examples"][0]["payload"]
    msgspec.json.decode(msgspec.json.encode(sent), type=one.request)
    ack = MESSAGES[f"{one.name}_ack"]
    done, refused = (example["payload"] for example in ack["examples"])
    assert done["ok"] is True
    msgspec.json.decode(msgspec.json.encode(done["data"]), type=one.response or NothingToTell)
    assert refused["error"]["code"] in ack["x-error-codes"] == codes_of(one)
    assert set(codes_of(one)) <= {kind.code for kind in error_types()} | {"internal"}
    assert ("unauthenticated" in codes_of(one)) is not one.anonymous
    assert DOCUMENT["operations"][one.name]["reply"]["messages"] == [
        {"$ref": f"#/channels/main/messages/{one.name}_ack"}
    ]


@pytest.mark.parametrize("name", server_events(SETTINGS.features))
def test_an_event_of_the_server_has_an_example_that_fits(name: str) -> None:
    message = MESSAGES[f"on_{name}"]
    assert problem_of(name, message["examples"][0]["payload"]) == ""
    assert message["description"].startswith("Heard by ")


def test_every_reference_leads_somewhere() -> None:
    references = set(_references(DOCUMENT))
    assert len(references) > 100
    for reference in references:
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for one in node for found in _references(one)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for one in node.values() for found in _references(one)]


def test_it_holds_nothing_that_is_switched_off() -> None:
    every = dict.fromkeys(FeatureSettings.model_fields, False)
    off = asyncapi_of(Settings(features=FeatureSettings(**every)))
    assert set(off["operations"]) <= set(DOCUMENT["operations"])
    assert set(off["operations"]) >= {"message", "on_message", "request_booking", "authenticate"}


class Ping(Payload, frozen=True, kw_only=True):
    """Say that you are here."""

    room_id: str


def test_what_an_event_refuses_is_told_beside_what_each_may_be_refused_with() -> None:
    ping = ClientEvent(
        "ping",
        "room.type",
        Ping,
        "signal",
        refuses=(NotFound,),
        example=Example({"room_id": "r1"}, {}),
        description="Ping.",
    )
    told = asyncapi([ping], [], version="1", host="localhost:1")
    ack = told["components"]["messages"]["ping_ack"]
    assert ack["x-error-codes"][-1] == "not_found"
    assert ack["examples"][1]["payload"]["error"]["code"] == "not_found"
    assert told["operations"]["ping"]["summary"] == "Ping."
    assert told["components"]["messages"]["ping"]["examples"][0]["payload"] == {"room_id": "r1"}
