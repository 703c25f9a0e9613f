"""The front carries what capabilities declare, and knows none of it by name."""

import ast
from pathlib import Path

from realtime.front.handlers import LIMITS
from tests.declared import declared

SOURCES = Path(__file__).parents[3] / "realtime"


def test_no_event_of_a_capability_is_named_in_the_front() -> None:
    others = {one.name for one in declared() if not one.action.startswith("presence.")}  # presence is the front's own
    events = others - set(LIMITS)  # a bucket is called `message` as well
    texts = {
        node.value
        for source in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert "session" in texts  # its own events are there to be found
    assert events & texts == set()
