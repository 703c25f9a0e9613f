"""The AsyncAPI document before its official judge (npm's `@asyncapi/parser`), and before a browser's RegExp."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from config.settings import Settings
from serve_app.catalogue import client_events, server_events
from serve_app.cluster.blueprint import api_context, asyncapi_of
from serve_app.edge.asyncapi import asyncapi

PARTS: Final = 24  # the parser's time grows with the square of a document
JS: Final = Path(__file__).parents[2] / "js"
REFERENCE: Final = re.compile(r'"\$ref": "([^"]+/(?:messages|schemas)/[^"]+)"')
Document = dict[str, Any]


def judged(*documents: Document) -> list[list[Mapping[str, str]]]:
    """What the judges have against each."""
    done = subprocess.run(
        ["node", "asyncapi.mjs"],
        cwd=JS,
        input="".join(json.dumps(document) + "\n" for document in documents),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def part_of(document: Document, number: int) -> Document:
    """Some of the operations, and what they refer to."""
    operations = dict(sorted(document["operations"].items())[number::PARTS])
    messages, schemas = (
        {name: parts[name] for name in sorted(names)}
        for parts, names in zip(
            (document["components"]["messages"], document["components"]["schemas"]),
            referred_to(document, operations),
            strict=True,
        )
    )
    (channel,) = document["channels"]
    held = {name: one for name, one in document["channels"][channel]["messages"].items() if name in messages}
    return document | {
        "channels": {channel: document["channels"][channel] | {"messages": held}},
        "operations": operations,
        "components": {"schemas": schemas, "messages": messages},
    }


def referred_to(document: Document, operations: Document) -> tuple[set[str], set[str]]:
    """The names of the messages and of the schemas that these operations use, and those of theirs."""
    messages, schemas = set[str](), set[str]()
    waiting: list[Any] = [operations]
    while waiting:
        for reference in REFERENCE.findall(json.dumps(waiting.pop())):
            *_, kind, name = reference.split("/")
            found = messages if kind == "messages" else schemas
            if name not in found:
                found.add(name)
                waiting.append(document["components"][kind][name])
    return messages, schemas


def a_small_one() -> Document:
    """With one event each way."""
    settings = Settings()
    marks = [one for one in client_events(api_context(settings)) if one.name == "mark_read"]
    receipts = [server_events(settings.features)["read_receipt"]]
    return asyncapi(marks, receipts, version="1", host="localhost:8001")


def without_a_version(document: Document) -> None:
    del document["info"]["version"]


def with_a_reference_to_nothing(document: Document) -> None:
    document["operations"]["mark_read"]["messages"] = [{"$ref": "#/channels/main/messages/nothing"}]


def with_an_example_that_does_not_fit(document: Document) -> None:
    document["components"]["messages"]["mark_read"]["examples"][0]["payload"] = {"room_id": 7}


def with_a_pattern_of_python(document: Document) -> None:
    document["components"]["messages"]["mark_read"]["payload"] = {"type": "string", "pattern": r"a\Z"}


def test_the_judges_take_the_document_and_find_what_is_wrong_with_others() -> None:
    damages: list[Callable[[Document], None]] = [
        without_a_version,
        with_a_reference_to_nothing,
        with_an_example_that_does_not_fit,
        with_a_pattern_of_python,
    ]
    damaged = [deepcopy(a_small_one()) for _ in damages]
    for damage, document in zip(damages, damaged, strict=True):
        damage(document)
    whole = asyncapi_of(Settings())
    parts = [part_of(whole, number) for number in range(PARTS)]
    messages = {name for part in parts for name in part["components"]["messages"]}
    assert messages == set(whole["components"]["messages"])
    found = judged(*parts, a_small_one(), *damaged)
    good, bad = found[: -len(damages)], found[-len(damages) :]
    assert good == [[] for _ in good]
    assert {damage.__name__: bool(complaints) for damage, complaints in zip(damages, bad, strict=True)} == {
        damage.__name__: True for damage in damages
    }
