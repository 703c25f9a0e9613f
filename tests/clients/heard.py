"""What sockets of the tests hear, held against the declarations: a test fails in which an undeclared event came."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from serve_app.edge.server_events import ServerEvent


@cache
def declared() -> "Mapping[str, ServerEvent]":
    """Every event that the server emits, by name."""
    from config.features import FeatureSettings
    from serve_app.catalogue import server_events  # most tests hear nothing, and need none of it

    return server_events(FeatureSettings())


def problem_of(name: str, payload: Any) -> str:
    """What is wrong with this event; "": it is as it is declared."""
    if name not in declared():
        return f"{name!r} is declared by no capability: {payload}"
    try:
        told = msgspec.json.decode(msgspec.json.encode(payload), type=declared()[name].payload)
    except msgspec.ValidationError as error:
        return f"{name!r} is not as it is declared: {error}: {payload}"
    unknown = _missing(payload, msgspec.json.decode(msgspec.json.encode(told)), name)
    return f"not declared: {unknown}: {payload}" if unknown else ""


def _missing(sent: Any, told: Any, at: str) -> list[str]:
    """Members that were sent and that the declared type does not hold. Defaults may be left out."""
    if isinstance(sent, dict) and isinstance(told, dict):
        lost = [f"{at}.{name}" for name, value in sent.items() if name not in told and value]
        return lost + [one for name in sent if name in told for one in _missing(sent[name], told[name], f"{at}.{name}")]
    if isinstance(sent, list) and isinstance(told, list):
        return [one for a, b in zip(sent, told, strict=True) for one in _missing(a, b, f"{at}[]")]
    return []


@dataclass
class Heard:
    """The events of one test. `problems`: those that are not declared, or not so."""

    names: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def hear(self, name: str, payload: Any) -> None:
        """One event."""
        self.names.add(name)
        if problem := problem_of(name, payload):
            self.problems.append(problem)


_listening: list[Heard] = []


@contextlib.contextmanager
def recorded(heard: Heard) -> Iterator[Heard]:
    """Meanwhile, every client of the rigs reports to this one."""
    _listening.append(heard)
    try:
        yield heard
    finally:
        _listening.remove(heard)


def hear(name: str, payload: Any) -> None:
    """A client of the rigs has heard this."""
    if _listening:
        _listening[-1].hear(name, payload)
