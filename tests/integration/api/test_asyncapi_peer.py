"""The AsyncAPI document before its official judge (npm's `@asyncapi/parser`), and before a browser's RegExp."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from config.settings import Settings
from serve_app.cluster.blueprint import asyncapi_of

JS: Final = Path(__file__).parents[2] / "js"


def complaints(document: dict[str, Any]) -> list[dict[str, str]]:
    """What the parser and the patterns say; nothing for a good one."""
    done = subprocess.run(
        ["node", "asyncapi.mjs"],
        cwd=JS,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_official_parser_takes_the_document() -> None:
    assert complaints(asyncapi_of(Settings())) == []


@pytest.mark.parametrize("damage", ["version", "reference", "example", "pattern"])
def test_the_judge_finds_what_is_wrong(damage: str) -> None:
    document = asyncapi_of(Settings())
    message = document["components"]["messages"]["mark_read"]
    match damage:
        case "version":
            del document["info"]["version"]
        case "reference":
            document["operations"]["mark_read"]["messages"] = [{"$ref": "#/channels/main/messages/nothing"}]
        case "example":
            message["examples"][0]["payload"] = {"room_id": 7}
        case "pattern":
            message["payload"] = {"type": "object", "properties": {"room_id": {"type": "string", "pattern": r"a\Z"}}}
    assert complaints(document)
